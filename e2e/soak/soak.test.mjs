// Hours of mixed load in miniature: short lifetimes, so that everything that can expire does, and a look every few seconds
// at what must not grow.
//
// SOAK_MINUTES=45 (make soak) is the real thing: a quarter of an hour until whatever ends has ended once, then half an hour
// that is judged. Without it twenty seconds show that the harness works; growth is judged when there was time for it.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Load } from '../lib/load.mjs'
import { Porta, RESULTS, STORE, sleep } from '../lib/porta.mjs'
import { postgresRows, sqliteRows } from '../lib/rows.mjs'

const run = promisify(execFile)
const MINUTES = Number(process.env.SOAK_MINUTES ?? 1 / 3)
/** The longest that is remembered on purpose: families of tokens that have no tokens left (crate `store-sql`, `sweep`). */
const WARM_UP_MINUTES = 15
const IS_JUDGED = MINUTES >= WARM_UP_MINUTES + 10
const JUDGED_FROM_S = IS_JUDGED ? WARM_UP_MINUTES * 60 : MINUTES * 30
const LOOK_EVERY_MS = Math.min(5_000, (MINUTES * 60_000) / 10)
/**
 * Of resident memory while it is judged, in MiB per hour: seven in half an hour. Room for one table that doubles, which
 * adds some 4.5 MiB once (`kv`, `memory/expiring.rs`); twice that, or a leak of 40 bytes in each request, fails.
 */
const SLOPE_AT_MOST = 14
/** Descriptors: what is open differs by a few connections from look to look. */
const DESCRIPTORS_MORE = 8
const GROWTH_AT_MOST = 1.15
/** Kept for days by intention (`audit_retention_days`), so nothing of it expires within a run. */
const KEPT = ['audit_log', 'outbox']
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

before(async () => {
  porta = await Porta.start({ name: 'soak', env: { LOG_LEVEL: 'warn' } })
  for (const [key, value] of Object.entries(SETTINGS)) await porta.cli('config', 'set', key, value, '--direct')
})
after(() => porta?.end())

async function look(begun) {
  const status = readFileSync(`/proc/${porta.pid}/status`, 'utf8')
  const { DATABASE_URL: database } = porta.store.env
  const isShared = STORE === 'postgres'
  return {
    seconds: (performance.now() - begun) / 1000,
    memory: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) / 1024,
    anonymous: Number(/^RssAnon:\s+(\d+) kB/m.exec(status)[1]) / 1024,
    descriptors: readdirSync(`/proc/${porta.pid}/fd`).length,
    rows: await (isShared ? postgresRows(database) : sqliteRows(join(porta.store.dataDir, 'porta.sqlite'))),
    keys: isShared ? Number((await run('redis-cli', ['-u', porta.store.redis, 'DBSIZE'])).stdout) : 0,
  }
}

/** Least squares. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))]
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0)
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
}

const highest = (looks, read) => Math.max(...looks.map(read))

test(`${MINUTES.toFixed(1)} minutes of mixed load`, async () => {
  const load = await new Load({ issuer: porta.issuer(), think: 100 }).start({ readers: 2, chains: 3, sessions: 3, visitors: 1_000 })
  const begun = performance.now()
  const looks = []
  while (performance.now() - begun < MINUTES * 60_000) {
    looks.push(await look(begun))
    await sleep(LOOK_EVERY_MS)
  }
  const tally = await load.stop()

  const judged = looks.filter(({ seconds }) => seconds >= JUDGED_FROM_S)
  const [early, late] = [judged.slice(0, judged.length >> 1), judged.slice(judged.length >> 1)]
  const highs = (read) => [highest(early, read), highest(late, read)]
  const grown = Object.fromEntries(Object.keys(looks[0].rows).filter((name) => !KEPT.includes(name))
    .map((name) => [name, highs(({ rows }) => rows[name])])
    .concat([['keys in Redis', highs(({ keys }) => keys)]]))
  const figures = {
    store: STORE,
    minutes: MINUTES,
    requests: tally.total('ok'),
    memoryMiB: { first: looks[0].memory, judgedFrom: judged[0].memory, last: looks.at(-1).memory, highest: highest(looks, ({ memory }) => memory) },
    slopeMiBPerHour: slope(judged.map(({ seconds, memory }) => [seconds / 3600, memory])),
    descriptors: highs(({ descriptors }) => descriptors),
    rows: grown,
    kept: Object.fromEntries(KEPT.map((name) => [name, looks.at(-1).rows[name]])),
    operations: tally.summary(),
  }
  writeFileSync(join(RESULTS, 'soak.json'), JSON.stringify({ ...figures, looks }, null, 2))
  const { operations, rows, ...rest } = figures
  console.table(operations)
  console.log(JSON.stringify({ ...rest, rows: Object.fromEntries(Object.entries(rows).filter(([, [a, b]]) => a !== b)) }))

  assert.ok(porta.running, porta.tail())
  assert.deepEqual(tally.wrong, [])
  assert.equal(tally.total('cut') + tally.total('paused'), 0)
  assert.ok(looks.length >= 5 && figures.requests > 100, `${looks.length} looks, ${figures.requests} requests`)
  if (!IS_JUDGED) return
  assert.ok(figures.slopeMiBPerHour < SLOPE_AT_MOST, `memory grows by ${figures.slopeMiBPerHour} MiB an hour`)
  const [some, more] = figures.descriptors
  assert.ok(more <= some + DESCRIPTORS_MORE, `descriptors: ${some}, then ${more}`)
  for (const [name, [before, now]] of Object.entries(grown)) {
    assert.ok(now <= before * GROWTH_AT_MOST + 20, `${name} grew from ${before} to ${now}`)
  }
})
