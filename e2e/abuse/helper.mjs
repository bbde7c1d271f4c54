// A helper process of the test: it gets an order, works until it is told to stop, and returns a result. In separate
// processes, no helper's event loop delays another's.

import { fork } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

export class Helper {
  /** Runs `file` of this directory with `role` as its argument, sends it `order`, and waits until it is ready. */
  static async start(file, role, order, { niceness = 0 } = {}) {
    const helper = new Helper()
    helper.name = role
    helper.child = fork(fileURLToPath(new URL(file, import.meta.url)), [role], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    if (niceness) setPriority(helper.child.pid, niceness)
    helper.ended = new Promise((_, failed) => helper.child.on('exit', (code, signal) => failed(new Error(`${role} ended: ${signal ?? code}`))))
    helper.ended.catch(() => {})
    helper.child.send(order)
    helper.ready = await helper.#said()
    return helper
  }

  get pid() {
    return this.child.pid
  }

  #said() {
    return Promise.race([new Promise((said) => this.child.once('message', said)), this.ended])
  }

  /** Stops the work and returns its result. */
  async stop() {
    const result = this.#said()
    this.child.send('stop')
    return await result
  }

  /** Kills the process. */
  end() {
    this.child.kill('SIGKILL')
  }
}

/**
 * Runs in the helper process. `work(order, signal)` starts the work and returns `{ ready, result }`; `result()` is
 * called after the signal was aborted.
 */
export async function help(work) {
  const order = await new Promise((told) => process.once('message', told))
  const over = new AbortController()
  const { ready = {}, result } = await work(order, over.signal)
  const stopped = new Promise((told) => process.once('message', told))
  process.send(ready)
  await stopped
  over.abort()
  process.send(await result(), () => process.exit(0))
}
