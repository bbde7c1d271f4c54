// Measures the server from outside during a run: its memory, that of its Redis, /ready, and the processor time of each
// process.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { sleep } from '../lib/porta.mjs'

const run = promisify(execFile)

const READY_EVERY_MS = 200
const REDIS_EVERY_MS = 500
const PATIENCE_MS = 10_000
/** Clock ticks per second in /proc. */
const TICKS = 100
const MIB = 1 << 20

/** Processor time of a process, in seconds. */
function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Busy time of all processors since boot, in seconds. */
function busyTime() {
  const [user, nice, system, , , irq, softirq, steal] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1].split(' ').map(Number)
  return (user + nice + system + irq + softirq + steal) / TICKS
}

/** Peak resident memory of the process, in MiB. */
export const highestMemory = (pid) => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

async function redisMemory(url) {
  const { stdout } = await run('redis-cli', ['-u', url, 'INFO', 'memory'])
  return Number(/^used_memory:(\d+)/m.exec(stdout)[1]) / MIB
}

export class Watch {
  #isOver = false
  #ready = { answers: 0, slowest: 0, notReady: [] }
  #redis

  /** `processes`: process ids by name. */
  constructor(porta, processes) {
    this.porta = porta
    this.processes = processes
    this.begun = performance.now()
    this.before = this.#times()
    this.busy = busyTime()
    this.work = [this.#askReady()]
    if (porta.store.redis) this.work.push(this.#askRedis(porta.store.redis))
  }

  #times() {
    return Object.entries(this.processes).map(([name, pid]) => [name, processorTime(pid)])
  }

  async #askReady() {
    while (!this.#isOver) {
      const begun = performance.now()
      const answer = await this.porta.get('/ready', { timeout: PATIENCE_MS }).catch((error) => ({ status: error.message }))
      this.#ready.answers++
      this.#ready.slowest = Math.max(this.#ready.slowest, performance.now() - begun)
      if (answer.status !== 200) this.#ready.notReady.push(`${answer.status} ${answer.body ?? ''}`)
      await sleep(READY_EVERY_MS)
    }
  }

  async #askRedis(url) {
    this.#redis = 0
    while (!this.#isOver) {
      this.#redis = Math.max(this.#redis, await redisMemory(url))
      await sleep(REDIS_EVERY_MS)
    }
  }

  /** Memory in MiB, the results of /ready, and processor use as shares of one processor. */
  async stop() {
    const seconds = (performance.now() - this.begun) / 1000
    const shares = this.#times().map(([name, time], n) => [name, (time - this.before[n][1]) / seconds])
    const busy = (busyTime() - this.busy) / seconds
    const memory = highestMemory(this.porta.pid)
    this.#isOver = true
    await Promise.all(this.work)
    return { memory, redis: this.#redis, ready: this.#ready, busy, shares: Object.fromEntries(shares) }
  }
}
