// Runs Porta as a process with its own database, started and stopped by process id, used over HTTP and by its CLI.
//
// STORE=embedded (default) runs it on its data directory, STORE=postgres on the services of scripts/with-services.sh.

import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { FIXTURES } from './fixtures.mjs'
import { request } from './http.mjs'

const run = promisify(execFile)

export const STORE = process.env.STORE ?? 'embedded'
if (!['embedded', 'postgres'].includes(STORE)) throw new Error(`STORE is ${STORE}: embedded or postgres`)

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const BIN = resolve(process.env.PORTA_BIN ?? join(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/porta'))
if (!existsSync(BIN)) throw new Error(`no binary at ${BIN}: cargo build -p porta, or set PORTA_BIN`)

export const RESULTS = join(fileURLToPath(new URL('../test-results', import.meta.url)), STORE)
mkdirSync(RESULTS, { recursive: true })

/** Shorter sleeps are polls and pauses of a load. Longer ones are counted, because waiting makes tests slow. */
const COUNTED_MS = 500
let sleepers = 0
let since = 0
let slept = 0

/** Waits. run.mjs reports for each file the seconds in which at least one counted sleep ran. */
export async function sleep(milliseconds) {
  const isCounted = milliseconds >= COUNTED_MS
  if (isCounted && sleepers++ === 0) since = performance.now()
  await new Promise((wake) => setTimeout(wake, milliseconds))
  if (isCounted && --sleepers === 0) slept += performance.now() - since
}
if (process.env.PORTA_E2E_SLEPT) {
  process.on('exit', () => writeFileSync(process.env.PORTA_E2E_SLEPT, String(slept / 1000)))
}

/** Calls `probe` until its result is truthy. Fails after `seconds`, or at once on an error with `final`. */
export async function eventually(what, probe, { seconds = 60, every = 100 } = {}) {
  const end = Date.now() + seconds * 1000
  let last
  for (;;) {
    try {
      const value = await probe()
      if (value) return value
      last = undefined
    } catch (error) {
      if (error.final) throw error
      last = error
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`, { cause: last })
    await sleep(every)
  }
}

// Below the kernel's ephemeral ports, and a separate range for each process, so that nothing else takes a port between
// its choice and its use, or while the server that listens there is stopped.
const [PORTS_FROM, PORTS, PARTS] = [10_000, 50, 200]
let nextPort = 0

/** A TCP port that is free at this moment; each call returns another one. */
export async function freePort() {
  for (let tried = 0; tried < PORTS; tried++) {
    const port = PORTS_FROM + (process.pid % PARTS) * PORTS + (nextPort++ % PORTS)
    if (await isFree(port)) return port
  }
  throw new Error(`none of ${PORTS} ports is free`)
}

function isFree(port) {
  return new Promise((known) => {
    const server = createServer()
    server.on('error', () => known(false))
    server.listen(port, '127.0.0.1', () => server.close(() => known(true)))
  })
}

export const secretHex = (bytes = 32) => randomBytes(bytes).toString('hex')

function needed(name) {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run under scripts/with-services.sh`)
  return value
}

const claimOf = (url) => `claimed${new URL(url).pathname}`

/** Claims a Redis database that no other process uses; the claims are keys in the database of TEST_REDIS_URL. */
async function claimRedis() {
  const redis = new URL(needed('TEST_REDIS_URL'))
  for (let tried = 0; tried < 100; tried++) {
    redis.pathname = `/${randomInt(1, 1024)}`
    const claim = ['SET', claimOf(redis), String(process.pid), 'NX']
    const { stdout } = await run('redis-cli', ['-u', needed('TEST_REDIS_URL'), ...claim])
    if (stdout.trim() === 'OK') return redis.href
  }
  throw new Error('no database of Redis is free')
}

/** A database (and a data directory) that exists for one test file. Several servers may share it. */
export class Store {
  static async create() {
    const store = new Store()
    store.dataDir = mkdtempSync(join(tmpdir(), 'porta-e2e-'))
    store.env = { PORTA_DATA_DIR: store.dataDir }
    if (STORE === 'postgres') {
      store.admin = needed('TEST_DATABASE_URL')
      store.name = `porta_e2e_${secretHex(6)}`
      await run('psql', [store.admin, '-qc', `CREATE DATABASE ${store.name}`])
      const database = new URL(store.admin)
      database.pathname = `/${store.name}`
      store.redis = await claimRedis()
      await run('redis-cli', ['-u', store.redis, 'FLUSHDB'])
      Object.assign(store.env, {
        DATABASE_URL: database.href,
        REDIS_URL: store.redis,
        COOKIE_KEYS: secretHex(),
        SIGNING_KEY_ENCRYPTION_KEY: secretHex(),
        TWO_FACTOR_ENCRYPTION_KEY: secretHex(),
        SMTP_HOST: 'smtp.porta.test',
        SMTP_FROM: 'porta@porta.test',
      })
    }
    return store
  }

  async drop() {
    if (STORE === 'postgres') {
      await run('psql', [this.admin, '-qc', `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`])
      await run('redis-cli', ['-u', this.redis, 'FLUSHDB'])
      await run('redis-cli', ['-u', needed('TEST_REDIS_URL'), 'DEL', claimOf(this.redis)])
    }
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

/** One running `porta serve` (or another long-running command). */
export class Porta {
  #exited = null

  /**
   * Starts a server and waits until it is ready. `base`: its issuer base URL (default: its own address); `store`: a
   * Store to share; `fixtures: false`: load no test data; `env`: more environment variables; `bin`: another executable;
   * `wrap`: a command line in front of the executable, which must exec it, for the server and its CLI;
   * `migrate: false`: do not migrate the schema; `ready: false`: do not wait.
   */
  static async start({
    name = 'server', store, base, fixtures = true, env = {}, args = ['serve'], port, bin = BIN, wrap = [], migrate = true,
    ready = true,
  } = {}) {
    const porta = new Porta()
    porta.name = name
    porta.args = args
    porta.bin = bin
    porta.wrap = wrap
    porta.ownsStore = store === undefined
    porta.store = store ?? (await Store.create())
    porta.port = port ?? (await freePort())
    porta.base = base ?? `http://localhost:${porta.port}`
    porta.env = {
      PATH: process.env.PATH,
      HOME: porta.store.dataDir,
      ...(process.env.RUST_BACKTRACE ? { RUST_BACKTRACE: process.env.RUST_BACKTRACE } : {}),
      NODE_ENV: 'development',
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
      PORT: String(porta.port),
      ISSUER_BASE_URL: porta.base,
      ...porta.store.env,
      ...env,
    }
    porta.log = join(RESULTS, `${name}.log`)
    rmSync(porta.log, { force: true })
    try {
      if (STORE === 'postgres' && args[0] === 'serve' && migrate) await porta.cli('migrate', 'up')
      await porta.up({ ready })
      if (fixtures) await porta.cli('provision', '-f', FIXTURES, '--direct', '--create')
    } catch (error) {
      await porta.end()
      throw error
    }
    return porta
  }

  /** Starts the process. */
  async up({ ready = true } = {}) {
    const log = createWriteStream(this.log, { flags: 'a' })
    this.output = ''
    const [program, ...args] = [...this.wrap, this.bin, ...this.args]
    this.process = spawn(program, args, { cwd: this.store.dataDir, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (part) => {
        this.output += part
        log.write(part)
      })
    }
    this.#exited = new Promise((ended) => {
      this.process.on('exit', (code, signal) => {
        log.end()
        ended({ code, signal })
      })
    })
    if (ready) await this.ready()
    return this
  }

  get pid() {
    return this.process.pid
  }

  get running() {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null
  }

  /** Waits until /ready answers 200. */
  async ready() {
    await eventually(`${this.name} is ready`, async () => {
      if (!this.running) {
        const { code, signal } = await this.#exited
        throw Object.assign(new Error(`${this.name} ended (${signal ?? code}):\n${this.tail()}`), { final: true })
      }
      return (await this.get('/ready')).status === 200
    }).catch((error) => {
      throw new Error(`${error.message}\n${this.tail()}`, { cause: error.cause })
    })
  }

  tail(lines = 25) {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n')
  }

  /** A request directly to this process, whatever the issuer is. */
  get(path, options = {}) {
    const connect = () => ({ host: '127.0.0.1', port: this.port })
    return request(`http://localhost:${this.port}${path}`, { connect, ...options })
  }

  /** Sends SIGTERM and waits until the process has ended. */
  async stop() {
    if (!this.running) return
    this.process.kill('SIGTERM')
    const patience = new Promise((over) => setTimeout(over, 30_000).unref())
    const ended = await Promise.race([this.#exited, patience])
    if (!ended) {
      this.process.kill('SIGKILL')
      await this.#exited
      throw new Error(`${this.name} did not stop within 30 s of SIGTERM\n${this.tail()}`)
    }
    if (ended.code !== 0) throw new Error(`${this.name} ended ${ended.signal ?? ended.code}\n${this.tail()}`)
  }

  /** A crash: no handler runs, nothing is flushed. */
  async kill() {
    this.process.kill('SIGKILL')
    await this.#exited
  }

  async restart() {
    await this.stop()
    await this.up()
  }

  async crash() {
    await this.kill()
    await this.up()
  }

  /** Stops it, and removes its store unless that is shared. */
  async end() {
    try {
      if (this.process) await this.stop()
    } finally {
      if (this.ownsStore) await this.store.drop()
    }
  }

  /** Runs a command of the executable with the server's environment; throws when it fails. */
  async cli(...args) {
    const { code, stdout, stderr } = await this.tryCli(...args)
    if (code !== 0) throw new Error(`porta ${args.join(' ')} ended ${code}\n${stdout}${stderr}`)
    return stdout
  }

  async tryCli(...args) {
    try {
      const [program, ...rest] = [...this.wrap, this.bin, ...args]
      const { stdout, stderr } = await run(program, rest, {
        cwd: this.store.dataDir,
        env: this.env,
        timeout: 120_000,
        maxBuffer: 16 << 20,
      })
      return { code: 0, stdout, stderr }
    } catch (error) {
      return { code: error.code ?? error.signal, stdout: error.stdout ?? '', stderr: error.stderr ?? error.message }
    }
  }

  issuer(slug = 'demo') {
    return `${this.base}/${slug}`
  }

  /** Everything logged since `start`, including before restarts. */
  get logged() {
    return readFileSync(this.log, 'utf8')
  }
}

/** Stops and starts the services of scripts/with-services.sh. */
export const services = {
  stopPostgres: () => run(needed('TEST_PG_STOP')),
  startPostgres: () => run(needed('TEST_PG_START')),
  stopRedis: () => run(needed('TEST_REDIS_STOP')),
  startRedis: () => run(needed('TEST_REDIS_START')),
}
