// Operations that a crash interrupts: each is carried out wholly or not at all, whenever the process is killed.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { STORE, eventually, sleep } from './porta.mjs'
import { askPostgres, askSqlite, postgresRows, sqliteRows } from './rows.mjs'

/** Tables that the server also changes on its own. */
const OTHERS = ['leases', 'outbox']

/** What the database of a server holds, read beside the server. `url`: of PostgreSQL, without a proxy. */
export class Database {
  constructor(store, url) {
    Object.assign(this, { url, file: join(store.dataDir, 'porta.sqlite') })
  }

  ask(sql) {
    return STORE === 'postgres' ? askPostgres(this.url, sql) : askSqlite(this.file, sql)
  }

  async number(sql) {
    return Number(await this.ask(sql))
  }

  async rows() {
    const all = STORE === 'postgres' ? await postgresRows(this.url) : await sqliteRows(this.file)
    return Object.fromEntries(Object.entries(all).filter(([name]) => !OTHERS.includes(name)))
  }

  /** Waits until the connections of a killed process have ended, and with them their transactions. */
  async quiet() {
    if (STORE !== 'postgres') return
    const others = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'`
    await eventually('the connections of the killed process end', async () => (await this.number(others)) === 0, { every: 20 })
  }
}

/** By how much each table grew; tables that did not are left out. */
export function growth(before, after) {
  const pairs = Object.entries(after).map(([table, rows]) => [table, rows - (before[table] ?? 0)])
  return Object.fromEntries(pairs.filter(([, by]) => by !== 0))
}

/**
 * Carries an operation out once, and then kills the process at `points` moments of it.
 *
 * `subject(n)` makes what the operation is applied to, `act(subject)` sends the request, and `effect(subject)` is a
 * number that an operation changes from 0 to `whole` and a half one to something between. `after(subject, answer, grown)`
 * checks the first run; `again(subject)` checks what a repetition of a completed operation does. `slowly(work)` runs
 * something while the store is slow, if it can be.
 */
export async function interrupted({ porta, database, root, points, subject, act, effect, whole, after, again, slowly }) {
  const first = await subject('whole')
  const before = await database.rows()
  const begun = performance.now()
  const answer = await slowly(() => act(first))
  const lasts = performance.now() - begun
  assert.equal(answer.status, 200, String(answer))
  const expected = growth(before, await database.rows())
  assert.equal(await effect(first), whole)
  await after(first, answer.json(), expected)
  await again(first)

  const tally = { nothing: 0, all: 0 }
  let current = null
  for (let point = 0; point < points; point++) {
    current ??= await subject(point)
    const held = await database.rows()
    const answered = await slowly(async () => {
      const sent = act(current).catch((error) => error)
      // From the beginning to a little after the end, each part of it once.
      await sleep(((point + Math.random()) / points) * lasts * 1.15)
      await porta.kill()
      return sent
    })
    await database.quiet()
    await porta.up()
    const grown = growth(held, await database.rows())
    const done = await effect(current)
    const isNothing = done === 0 && isGrowth(grown, {}, expected)
    const isAll = done === whole && isGrowth(grown, expected, expected)
    assert.ok(isNothing || isAll, `half done after ${point}: ${done} of ${whole}, ${JSON.stringify(grown)}, not ${JSON.stringify(expected)}`)
    if (answered.status !== undefined) assert.ok(answered.status === 200 && isAll, `acknowledged, but lost: ${answered}`)
    tally[isAll ? 'all' : 'nothing']++
    if ((await root.send('GET', '/me')).status === 401) await root.signIn()
    if (isAll) {
      await again(current)
      current = null
    }
  }
  // What was interrupted can be repeated.
  current ??= await subject('last')
  const held = await database.rows()
  const last = await act(current)
  assert.equal(last.status, 200, String(last))
  assert.ok(isGrowth(growth(held, await database.rows()), expected, expected), 'the repetition does everything')
  assert.equal(await effect(current), whole)
  console.log(`# ${Math.round(lasts)} ms; ${JSON.stringify(tally)}`)
  assert.ok(tally.nothing > 0, 'no moment was before the end')
}

/** Whether tables grew as expected. Only those count that the operation changes: a new sign-in changes others. */
function isGrowth(grown, expected, relevant) {
  return Object.keys(relevant).every((table) => (grown[table] ?? 0) === (expected[table] ?? 0))
}
