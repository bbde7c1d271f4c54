// Porta's behaviour while PostgreSQL fails: the table "When something is away" in docs/operations.md, row by row.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { drill } from '../lib/drills.mjs'
import { Rig } from '../lib/faults.mjs'
import { eventually, sleep } from '../lib/porta.mjs'
import { Rp } from '../lib/rp.mjs'
import { BRIEFLY, NOW_AND_THEN } from '../lib/watch.mjs'

const run = promisify(execFile)
const STORED = ['userinfo', 'introspection', 'refresh']
const REMEMBERED = ['discovery', 'jwks', 'client credentials']
const STATEMENT_MS = 3_000
let rig

before(async () => {
  rig = await Rig.start('faults-postgres', { env: () => ({ DB_STATEMENT_TIMEOUT_MS: String(STATEMENT_MS) }) })
})
after(() => rig?.end())

/** Runs SQL directly on the server, not through the proxy. */
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
  rig.fault({ begin: () => rig.pg.cut(), end: () => {}, down: { db: BRIEFLY }, works: REMEMBERED }))

test('frozen: connections are accepted and nothing is said', () =>
  rig.fault({
    begin: () => rig.pg.freeze(),
    end: () => rig.pg.heal(),
    seconds: 4,
    down: { db: true },
    works: REMEMBERED,
  }))

drill('gone: the machine vanished and its successor has the address', () =>
  rig.fault({
    begin: () => rig.pg.vanish(),
    end: () => rig.pg.heal(),
    seconds: 4,
    down: { db: true },
    works: REMEMBERED,
    // A statement that was running waits for the statement timeout and five seconds.
    lingers: STATEMENT_MS + 5_500,
  }))

drill('slow: a tenth of a second more for each answer is only slow', () =>
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
    // Connections to the old primary stay open and read-only.
    end: () => sql(`ALTER DATABASE ${rig.store.name} RESET default_transaction_read_only`),
    down: { db: BRIEFLY },
    pauses: ['refresh'],
    works: REMEMBERED,
  }))

drill('a storm: others hold every connection the server has', async () => {
  const others = new Set()
  const target = new URL(rig.database)
  const limit = Number((await sql('SHOW max_connections')).stdout)
  // A startup message of protocol version 3. The server asks for a password, and the connection counts until it comes.
  const words = Buffer.from(`user\0porta\0database\0${rig.store.name}\0\0`)
  const hello = Buffer.alloc(8 + words.length)
  hello.writeInt32BE(hello.length, 0)
  hello.writeInt32BE(196608, 4)
  words.copy(hello, 8)
  let isStorm = false
  const grab = () => {
    // A retry after the storm would hold its connection for a minute.
    if (!isStorm) return
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
    down: { db: NOW_AND_THEN },
    // Sometimes Porta gets a connection back before the others do.
    some: STORED,
    works: REMEMBERED,
  })
})

/** Another client locks a table during the fault, and `waiting` callers keep requesting a row of it. */
function lock(rig, waiting) {
  let holder
  let crowd
  let isHeld = true
  const answers = []
  return {
    answers,
    begin: async () => {
      const many = await rig.load().arrive()
      const database = new URL(rig.store.admin)
      database.pathname = `/${rig.store.name}`
      holder = spawn('psql', [database.href, '-qtA'], { stdio: ['pipe', 'pipe', 'inherit'] })
      const locked = new Promise((done) => holder.stdout.once('data', done))
      holder.stdin.write("BEGIN; LOCK TABLE refresh_tokens IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
      await locked
      crowd = Array.from({ length: waiting }, async () => {
        while (isHeld) answers.push(await many.rp.refresh(many.tokens.refresh_token))
      })
    },
    end: async () => {
      isHeld = false
      const ended = new Promise((done) => holder.on('exit', done))
      holder.stdin.end('ROLLBACK;\n')
      assert.equal(await ended, 0)
    },
    assertRight: async () => {
      await Promise.all(crowd)
      for (const answer of answers) assert.ok([200, 503].includes(answer.status), `right, or told to wait: ${answer}`)
    },
  }
}

test('a lock: statements wait, others go on, and the process is not called ill for it', async () => {
  // Together with the load's own refreshes and exchanges, fewer than the pool has connections.
  const table = lock(rig, 4)
  await rig.fault({
    begin: table.begin,
    end: table.end,
    seconds: 4,
    down: {},
    pauses: ['refresh'],
    works: [...REMEMBERED, 'userinfo', 'introspection'],
  })
  await table.assertRight()
})

test('a lock: who gives up leaves a line in the log, and their retry gets the successor', async () => {
  const { rp, tokens } = await rig.load().arrive()
  const hasty = new Rp(rp.issuer, rp.client, { ...rp.options, timeout: 500 })
  await hasty.metadata()
  const table = lock(rig, 0)
  await table.begin()
  const from = rig.porta.logged.length
  await assert.rejects(hasty.refresh(tokens.refresh_token), /no answer within/)
  // The gaps allow for colour codes in a log for people.
  const ofIt = /\/token".{0,20}status.{0,20}499/
  await eventually('the line of who hung up', () => ofIt.test(rig.porta.logged.slice(from)))
  await table.end()
  await table.assertRight()
  const again = await rp.refresh(tokens.refresh_token)
  assert.equal(again.status, 200, `an honest retry: ${again}`)
  const next = await rp.refresh(again.json().refresh_token)
  assert.equal(next.status, 200, `and its successor works: ${next}`)
})

drill('a lock for which as many wait as the pool has connections: what needs the database pauses', async () => {
  // As by default, the statement timeout is longer than a request waits for a connection (5 s).
  const full = await Rig.start('faults-postgres-lock', { env: () => ({ DB_STATEMENT_TIMEOUT_MS: '8000' }) })
  try {
    const table = lock(full, 14)
    await full.fault({
      begin: table.begin,
      end: table.end,
      seconds: 6,
      down: {},
      pauses: ['refresh', 'userinfo'],
      works: REMEMBERED,
    })
    await table.assertRight()
  } finally {
    await full.end()
  }
})
