// Rolling upgrade from the first version to this one under load, as an operator does it: migrate while the old
// executable serves, then run both on the new schema without session affinity, then the new one alone. No request may
// fail.
//
// scripts/upgrade.sh builds the old executable and sets PORTA_OLD_BIN.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { client, user } from '../lib/fixtures.mjs'
import { someAddress } from '../lib/http.mjs'
import { Porta, Store, eventually, freePort, sleep } from '../lib/porta.mjs'
import { Rp } from '../lib/rp.mjs'

const OLD = process.env.PORTA_OLD_BIN
assert.ok(OLD, 'PORTA_OLD_BIN is not set: run scripts/upgrade.sh')

const people = ['ada', 'ben'].map((name) => user(name))
const PHASE_SECONDS = Number(process.env.UPGRADE_PHASE_SECONDS ?? 15)

let store
let old
let current
/** Instances that get traffic, in turn. */
let serving = []
let turn = 0
const served = new Map()

const connect = () => {
  const instance = serving[turn++ % serving.length]
  served.set(instance.name, (served.get(instance.name) ?? 0) + 1)
  return { host: '127.0.0.1', port: instance.port }
}

const relyingParty = () => new Rp(old.issuer(), client('e2e-es256'), { connect, from: someAddress() })

before(async () => {
  store = await Store.create()
  const base = `http://localhost:${await freePort()}`
  old = await Porta.start({ name: 'upgrade-old', store, base, bin: OLD })
  serving = [old]
})
after(async () => {
  stopping = true
  await Promise.allSettled(load)
  for (const instance of [old, current]) await instance?.end()
  await store?.drop()
})

// --- load --------------------------------------------------------------------------------------------------------
let stopping = false
const load = []
const done = { signIns: 0, silent: 0, refreshes: 0, reads: 0 }
const failures = []
/** Browsers and tokens of the old version, to be used with the new one. */
const kept = []

/** One person and their client, until the drill stops. Anything but a success fails the drill. */
async function live(person) {
  while (!stopping) {
    try {
      const rp = relyingParty()
      const agent = rp.agent()
      const flow = await rp.signIn(agent, person, { scope: 'openid email offline_access', prompt: 'consent' })
      await rp.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })
      done.signIns++
      if (kept.length < 6 && current === undefined) {
        kept.push({ rp, agent, tokens: flow.tokens, nonce: flow.nonce })
        continue
      }
      let { tokens } = flow
      for (let i = 0; i < 10 && !stopping; i++) {
        assert.equal((await rp.userinfo(tokens.access_token)).status, 200)
        assert.equal(await rp.isActive(tokens.access_token), true)
        done.reads += 2
        const refreshed = await rp.refresh(tokens.refresh_token)
        assert.equal(refreshed.status, 200, String(refreshed))
        tokens = refreshed.json()
        done.refreshes++
        const silent = await rp.code(agent, { prompt: 'none' })
        assert.deepEqual(silent.asked, [])
        done.silent++
        await sleep(50)
      }
    } catch (error) {
      failures.push(error.message)
      if (failures.length > 20) return
    }
  }
}

const phase = async (what) => {
  const before = { ...done }
  await sleep(PHASE_SECONDS * 1000)
  for (const [kind, count] of Object.entries(done)) assert.ok(count > before[kind], `${what}: no ${kind}`)
  assert.deepEqual(failures, [], what)
}

test('the old version serves on the schema it knows', async () => {
  for (const person of [...people, ...people]) load.push(live(person))
  await phase('before')
  if (process.env.PORTA_WRITE_FIRST_SCHEMA) {
    const dump = execFileSync('pg_dump', ['--inserts', '--no-owner', '--no-privileges', store.env.DATABASE_URL], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    })
    writeFileSync(process.env.PORTA_WRITE_FIRST_SCHEMA, dump)
  }
})

/** Used links, so many that the migration that creates an index on their table takes some time. */
const MANY_LINKS = `INSERT INTO one_time_tokens
  (id, organization_id, user_id, purpose, digest, expires_at, used_at, created_at)
  SELECT gen_random_uuid(), organization_id, id, 'magic_link', sha256((id || '/' || n)::bytea), now() + '1 day', now(), now()
  FROM (SELECT id, organization_id FROM users LIMIT 1) someone, generate_series(1, 300000) n`

test('the new version migrates while the old one serves', async () => {
  execFileSync('psql', [store.env.DATABASE_URL, '-qc', MANY_LINKS])
  const early = { name: 'upgrade-early', store, base: old.base, fixtures: false, migrate: false, ready: false }
  current = await Porta.start(early)
  const state = await eventually('the new version listens', () => current.get('/ready'))
  assert.equal(state.status, 503, 'not ready before the schema is')
  assert.equal(state.json().checks.db.error, 'migrations_pending')
  const plan = JSON.parse(await current.cli('migrate', 'plan', '--json'))
  assert.ok(plan.pending.length > 0)
  const before = { ...done }
  await current.cli('migrate', 'up')
  for (const kind of ['reads', 'refreshes', 'silent']) assert.ok(done[kind] > before[kind], `meanwhile: no ${kind}`)
  assert.deepEqual(JSON.parse(await current.cli('migrate', 'plan', '--json')).pending, [])
  await current.ready()
  await phase('migrated')
  assert.equal((await old.get('/ready')).status, 200, 'a schema that is ahead is served')
})

test('both serve side by side', async () => {
  serving = [old, current]
  await phase('side by side')
  for (const { name } of serving) assert.ok(served.get(name) > 100, `${name} served ${served.get(name)}`)
})

test('the old version leaves, and what it gave out is good', async () => {
  serving = [current]
  await old.stop()
  await phase('the new one alone')
  assert.ok(kept.length > 0)
  for (const { rp, agent, tokens, nonce } of kept) {
    await rp.verifyIdToken(tokens.id_token, { nonce })
    assert.equal((await rp.userinfo(tokens.access_token)).status, 200)
    const refreshed = await rp.refresh(tokens.refresh_token)
    assert.equal(refreshed.status, 200, String(refreshed))
    assert.deepEqual((await rp.code(agent, { prompt: 'none' })).asked, [], 'still signed in')
  }
  stopping = true
  await Promise.all(load)
  assert.deepEqual(failures, [])
  console.log(JSON.stringify({ upgrade: { ...done, failures: failures.length, served: Object.fromEntries(served) } }))
})
