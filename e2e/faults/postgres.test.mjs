// What Porta does while PostgreSQL misbehaves: the table "When something is away" in docs/operations.md, row by row.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Rig } from '../lib/faults.mjs'
import { sleep } from '../lib/porta.mjs'

const run = promisify(execFile)
const STORED = ['userinfo', 'introspection', 'refresh']
const REMEMBERED = ['discovery', 'jwks', 'client credentials']
let rig

before(async () => {
  rig = await Rig.start('faults-postgres', { env: () => ({ DB_STATEMENT_TIMEOUT_MS: '3000' }) })
})
after(() => rig?.end())

/** SQL to the server itself, not through the proxy. */
const sql = (text) => run('psql', [rig.store.admin, '-qtAc', text])

test('down: connections refused', () =>
  rig.fault({
    begin: () => rig.pg.down(),
    end: () => rig.pg.heal(),
    down: { db: true },
    pauses: STORED,
    works: REMEMBERED,
  }))

test('cut: every connection ends at once and the next one works', () =>
  rig.fault({ begin: () => rig.pg.cut(), end: () => {}, seconds: 1, down: { db: 'either' }, works: REMEMBERED }))

test('frozen: connections are accepted and nothing is said', () =>
  rig.fault({
    begin: () => rig.pg.freeze(),
    end: () => rig.pg.heal(),
    seconds: 4,
    down: { db: true },
    works: REMEMBERED,
  }))

test('gone: the machine vanished and its successor has the address', () =>
  rig.fault({
    begin: () => rig.pg.vanish(),
    end: () => rig.pg.heal(),
    seconds: 4,
    down: { db: true },
    works: REMEMBERED,
  }))

test('slow: a tenth of a second more for each answer is only slow', () =>
  rig.fault({
    begin: () => {
      rig.pg.latency = 50
    },
    end: () => rig.pg.heal(),
    down: {},
    works: [...STORED, ...REMEMBERED],
  }))

test('failover: connections are cut, the server is read-only for a while, then a new primary has the address', () =>
  rig.fault({
    begin: async () => {
      await sql(`ALTER DATABASE ${rig.store.name} SET default_transaction_read_only = on`)
      rig.pg.cut()
    },
    // Connections that were made to the old primary stay open and stay read-only.
    end: () => sql(`ALTER DATABASE ${rig.store.name} RESET default_transaction_read_only`),
    down: { db: 'either' },
    pauses: ['refresh'],
    works: REMEMBERED,
  }))

test('a storm: others hold every connection the server has', async () => {
  const others = new Set()
  const target = new URL(rig.database)
  const limit = Number((await sql('SHOW max_connections')).stdout)
  // Version 3 of the protocol; the answer asks for a password, and the place is taken until it comes.
  const words = Buffer.from(`user\0porta\0database\0${rig.store.name}\0\0`)
  const hello = Buffer.alloc(8 + words.length)
  hello.writeInt32BE(hello.length, 0)
  hello.writeInt32BE(196608, 4)
  words.copy(hello, 8)
  let isStorm = false
  const grab = () => {
    const socket = net.connect({ host: target.hostname, port: Number(target.port) }, () => socket.write(hello))
    others.add(socket)
    const lost = () => {
      if (!others.delete(socket)) return
      socket.destroy()
      if (isStorm) setTimeout(grab, 20)
    }
    socket.on('error', lost).on('close', lost).resume()
  }
  await rig.fault({
    begin: async () => {
      isStorm = true
      for (let n = 0; n < limit + 20; n++) grab()
      await sleep(500)
      rig.pg.cut()
    },
    end: async () => {
      isStorm = false
      for (const socket of others) socket.destroy()
    },
    down: { db: 'either' },
    // Now and then Porta is faster than the others and gets a place back.
    some: STORED,
    works: REMEMBERED,
  })
})

test('a lock: statements wait, others go on, and the process is not called ill for it', async () => {
  let holder
  let crowd
  const many = await rig.load().arrive()
  await rig.fault({
    begin: async () => {
      const database = new URL(rig.store.admin)
      database.pathname = `/${rig.store.name}`
      holder = spawn('psql', [database.href, '-qtA'], { stdio: ['pipe', 'pipe', 'inherit'] })
      const locked = new Promise((done) => holder.stdout.once('data', done))
      holder.stdin.write("BEGIN; LOCK TABLE refresh_tokens IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
      await locked
      // More than the pool has connections.
      crowd = Array.from({ length: 14 }, () => many.rp.refresh(many.tokens.refresh_token))
    },
    end: async () => {
      const ended = new Promise((done) => holder.on('exit', done))
      holder.stdin.end('ROLLBACK;\n')
      assert.equal(await ended, 0)
      const answers = await Promise.all(crowd)
      for (const answer of answers) assert.ok([200, 503].includes(answer.status), `right, or told to wait: ${answer}`)
      assert.ok(answers.filter(({ status }) => status === 503).length > 5, 'the pool was full')
    },
    seconds: 5,
    down: {},
    pauses: ['refresh'],
    works: ['discovery', 'jwks', 'client credentials', 'userinfo'],
  })
})
