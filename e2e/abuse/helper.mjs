// A process beside the test: told what to do, told to stop, and asked what came of it. Nobody's event loop waits for
// another's.

import { fork } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'

export class Helper {
  /** Runs `file` of this directory with `role`, and tells it `order`. */
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

  /** What came of it. */
  async stop() {
    const result = this.#said()
    this.child.send('stop')
    return await result
  }

  /** Ends it, however far it is. */
  end() {
    this.child.kill('SIGKILL')
  }
}

/**
 * The other side: `work(order, signal)` gets ready and gives `{ ready, result }`; `result()` is asked for after the end.
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
