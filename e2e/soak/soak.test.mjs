// Hours of mixed load in miniature: lifetimes are short, so that everything that can expire does, and what must not
// grow is measured every few seconds.
//
// SOAK_MINUTES=45 (make soak) is the full run: after a warm-up of a quarter of an hour, in which everything that
// expires has done so once, half an hour is judged. Without it, twenty seconds check the harness; growth is judged only
// in long runs.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { user } from '../lib/fixtures.mjs'
import { Load } from '../lib/load.mjs'
import { Porta, RESULTS, STORE, sleep } from '../lib/porta.mjs'
import { Relay } from '../lib/relay.mjs'
import { random } from '../lib/rp.mjs'
import { askPostgres, askSqlite, postgresRows, sqliteRows } from '../lib/rows.mjs'

const run = promisify(execFile)
const MINUTES = Number(process.env.SOAK_MINUTES ?? 1 / 3)
/** The longest time that anything expired is kept: token families without tokens (crate `store-sql`, `sweep`). */
const WARM_UP_MINUTES = 15
const IS_JUDGED = MINUTES >= WARM_UP_MINUTES + 10
const JUDGED_FROM_S = IS_JUDGED ? WARM_UP_MINUTES * 60 : MINUTES * 30
const LOOK_EVERY_MS = Math.min(5_000, (MINUTES * 60_000) / 10)
const MAIL_EVERY_MS = 2_000
const IS_SHARED = STORE === 'postgres'
/**
 * Maximum growth of resident memory while judged, in MiB per hour. The in-process store may double one hash table,
 * which adds some 4.5 MiB once (`kv`, `memory/expiring_map.rs`); twice that, or a leak of 40 bytes per request, fails.
 */
const SLOPE_AT_MOST = IS_SHARED ? 6 : 14
/** Allowed growth of open descriptors: the number of connections varies a little between measurements. */
const DESCRIPTORS_MORE = 8
const GROWTH_AT_MOST = 1.15
/** Tables that grow because rows are kept for `audit_retention_days`; rows made older than that must be removed. */
const KEPT = { audit_log: 'created_at', outbox: 'updated_at' }
const AGED_AT_MOST = 2_000
const SETTINGS = {
  access_token_ttl: '60s',
  id_token_ttl: '60s',
  client_credentials_ttl: '30s',
  refresh_token_ttl: '120s',
  session_ttl: '120s',
  interaction_ttl: '60s',
  authorization_code_ttl: '10s',
}
let porta
let relay
let database

before(async () => {
  relay = await Relay.start()
  porta = await Porta.start({ name: 'soak', env: { LOG_LEVEL: 'warn', METRICS_ENABLED: 'true', ...relay.env } })
  database = IS_SHARED ? porta.store.env.DATABASE_URL : join(porta.store.dataDir, 'porta.sqlite')
  for (const [key, value] of Object.entries(SETTINGS)) await porta.cli('config', 'set', key, value, '--direct')
})
after(async () => {
  await porta?.end()
  await relay?.down()
})

/** Number of short-lived entries in Redis, or in the process when there is no Redis. */
async function shortLived() {
  if (IS_SHARED) return Number((await run('redis-cli', ['-u', porta.store.redis, 'DBSIZE'])).stdout)
  const { bytes } = await porta.get('/metrics')
  return Number(/^porta_short_lived_entries (\d+)$/m.exec(bytes)[1])
}

async function look(begun) {
  const status = readFileSync(`/proc/${porta.pid}/status`, 'utf8')
  return {
    seconds: (performance.now() - begun) / 1000,
    memory: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) / 1024,
    anonymous: Number(/^RssAnon:\s+(\d+) kB/m.exec(status)[1]) / 1024,
    descriptors: readdirSync(`/proc/${porta.pid}/fd`).length,
    rows: await (IS_SHARED ? postgresRows(database) : sqliteRows(database)),
    shortLived: await shortLived(),
  }
}

const ask = (sql) => (IS_SHARED ? askPostgres(database, sql) : askSqlite(database, sql))
const LONG_AGO = IS_SHARED ? "TIMESTAMPTZ '2001-01-01'" : '978307200000000'

/** Makes some rows of these tables older than any retention. */
async function age() {
  for (const [table, column] of Object.entries(KEPT)) {
    const settled = table === 'outbox' ? "state <> 'pending'" : 'true'
    const some = `SELECT id FROM ${table} WHERE ${settled} LIMIT ${AGED_AT_MOST}`
    await ask(`UPDATE ${table} SET ${column} = ${LONG_AGO} WHERE id IN (${some})`)
    assert.notEqual(await aged(table), 0, `some of ${table} are old`)
  }
}

const aged = async (table) => Number(await ask(`SELECT count(*) FROM ${table} WHERE ${KEPT[table]} = ${LONG_AGO}`))

/**
 * Keeps requesting password resets: mostly for unknown addresses, whose request passes through the outbox without an
 * email, and now and then for a known person, who gets one.
 */
async function forget(load, isOver) {
  const known = Math.floor((200 * 1000) / MAIL_EVERY_MS)
  for (let n = 0; !isOver(); n++) {
    const agent = load.rp().agent()
    const page = await agent.open(`${porta.issuer()}/auth/forgot-password`)
    const email = n % known === 0 ? user('ada').email : `${random(8)}@example.test`
    const form = page.forms.find((one) => one.querySelector('[name=email]'))
    const answer = await agent.submit(page, form, { email })
    assert.equal(answer.status, 200, String(answer))
    await sleep(MAIL_EVERY_MS)
  }
}

/** Slope of the least-squares line. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))]
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0)
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
}

const highest = (looks, read) => Math.max(...looks.map(read))

test(`${MINUTES.toFixed(1)} minutes of mixed load`, async () => {
  const load = new Load({ issuer: porta.issuer(), think: 100 })
  await load.start({ readers: 2, chains: 3, sessions: 3, visitors: 1_000, leavers: 2_000 })
  const begun = performance.now()
  const end = begun + MINUTES * 60_000
  const forgetting = forget(load, () => performance.now() > end)
  const looks = []
  let isAged = false
  while (performance.now() < end) {
    looks.push(await look(begun))
    if (IS_JUDGED && !isAged && looks.at(-1).seconds > JUDGED_FROM_S) isAged = await age().then(() => true)
    await sleep(LOOK_EVERY_MS)
  }
  await forgetting
  const outcomes = await load.stop()

  const judged = looks.filter(({ seconds }) => seconds >= JUDGED_FROM_S)
  const [early, late] = [judged.slice(0, judged.length >> 1), judged.slice(judged.length >> 1)]
  const highs = (read) => [highest(early, read), highest(late, read)]
  const tables = Object.keys(looks[0].rows).filter((name) => !(name in KEPT))
  const grown = Object.fromEntries(tables.map((name) => [name, highs(({ rows }) => rows[name])]))
  grown['short-lived entries'] = highs((one) => one.shortLived)
  const figures = {
    store: STORE,
    minutes: MINUTES,
    requests: outcomes.total('ok'),
    memoryMiB: { first: looks[0].memory, judgedFrom: judged[0].memory, last: looks.at(-1).memory, highest: highest(looks, ({ memory }) => memory) },
    slopeMiBPerHour: slope(judged.map(({ seconds, memory }) => [seconds / 3600, memory])),
    descriptors: highs(({ descriptors }) => descriptors),
    rows: grown,
    kept: Object.fromEntries(Object.keys(KEPT).map((name) => [name, looks.at(-1).rows[name]])),
    operations: outcomes.summary(),
  }
  writeFileSync(join(RESULTS, 'soak.json'), JSON.stringify({ ...figures, looks }, null, 2))
  const { operations, rows, ...rest } = figures
  console.table(operations)
  console.log(JSON.stringify({ ...rest, rows: Object.fromEntries(Object.entries(rows).filter(([, [a, b]]) => a !== b)) }))

  assert.ok(porta.running, porta.tail())
  assert.deepEqual(outcomes.wrong, [])
  assert.equal(outcomes.total('cut') + outcomes.total('paused'), 0)
  assert.deepEqual(await load.alive(), [], 'what was given back or signed out is over')
  assert.ok(looks.length >= 5 && figures.requests > 100, `${looks.length} looks, ${figures.requests} requests`)
  assert.ok(figures.kept.outbox > 0, 'mail was wanted')
  await relay.mailFor(user('ada').email)
  assert.ok(grown['short-lived entries'].every((entries) => entries > 0), 'short-lived entries are counted')
  if (!IS_JUDGED) return
  assert.ok(figures.slopeMiBPerHour < SLOPE_AT_MOST, `memory grows by ${figures.slopeMiBPerHour} MiB an hour`)
  const [some, more] = figures.descriptors
  assert.ok(more <= some + DESCRIPTORS_MORE, `descriptors: ${some}, then ${more}`)
  for (const [name, [before, now]] of Object.entries(grown)) {
    assert.ok(now <= before * GROWTH_AT_MOST + 20, `${name} grew from ${before} to ${now}`)
  }
  for (const table of Object.keys(KEPT)) assert.equal(await aged(table), 0, `old rows of ${table} are gone`)
})
