// Three instances behind nginx, with PostgreSQL and Redis, under constant mixed load: instances are restarted, killed
// and frozen, keys rotated, settings changed, an organization suspended. No caller may be affected.
//
// Without CHAOS_MINUTES one round runs (a little over a minute); with it, rounds repeat for that long.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { user } from '../lib/fixtures.mjs'
import { KeyWatch, PUBLISHED_WITHIN_MS, keyFaults } from '../lib/keys.mjs'
import { Load } from '../lib/load.mjs'
import { Nginx } from '../lib/nginx.mjs'
import { Porta, RESULTS, Store, eventually, freePort, sleep } from '../lib/porta.mjs'
import { Rp } from '../lib/rp.mjs'
import { someAddress } from '../lib/http.mjs'

const MINUTES = Number(process.env.CHAOS_MINUTES ?? 0)
const DRAIN_SECONDS = 2
const GRACE_SECONDS = 8
const EFFECTIVE_WITHIN_MS = 1_000
const FREEZE_MS = 5_000
const UNREADY_WITHIN_MS = 250
/** Eleven clients run at a time and mostly wait, and a third of their requests go to the killed instance. */
const CUT_BY_A_KILL = 5

let store
let nginx
let base
const instances = []
const figures = { drains: [], back: [], settings: [], suspensions: [], rotations: 0, published: [], kills: [], freezes: 0 }

before(async () => {
  store = await Store.create()
  const port = await freePort()
  base = `http://localhost:${port}`
  const env = {
    TRUST_PROXY: 'true',
    TRUST_PROXY_CIDRS: '127.0.0.0/8',
    DRAIN_SECONDS: String(DRAIN_SECONDS),
    SHUTDOWN_GRACE_SECONDS: String(GRACE_SECONDS),
  }
  for (const n of [1, 2, 3]) {
    instances.push(await Porta.start({ name: `chaos-${n}`, store, base, env, fixtures: n === 1 }))
  }
  nginx = await Nginx.start({ port, instances: instances.map((instance) => instance.port) })
})
after(async () => {
  await nginx?.stop()
  for (const instance of instances) {
    if (instance.running) instance.process.kill('SIGCONT')
    await instance.end()
  }
  await store?.drop()
})

const only = (instance) => () => ({ host: '127.0.0.1', port: instance.port })
const at = (instance, id, slug = 'demo') =>
  new Rp(`${base}/${slug}`, id, { connect: only(instance), from: someAddress(), timeout: 10_000 })
const cli = (...args) => instances[0].cli(...args)

/** Waits until `holds` is true on every instance; returns how long that took. */
async function everywhere(what, holds) {
  const begun = performance.now()
  await Promise.all(instances.map((instance) => eventually(`${what} on ${instance.name}`, () => holds(instance), { seconds: 5, every: 20 })))
  return Math.round(performance.now() - begun)
}

// --- events ---------------------------------------------------------------------------------------------------------

async function restart(instance) {
  const begun = performance.now()
  instance.process.kill('SIGTERM')
  // Measured when a probe is sent, because on a busy machine its answer is read later.
  let [readyOff, lastReady] = [0, 0]
  const unready = await eventually(`${instance.name} says that it is not ready`, async () => {
    const asked = performance.now() - begun
    const answer = await instance.get('/ready', { timeout: 1_000 })
    if (answer.status === 503) readyOff = asked
    else lastReady = asked
    return answer.status === 503 && answer
  }, { seconds: DRAIN_SECONDS, every: 10 })
  assert.equal(unready.json().checks.process.error, 'draining')
  assert.ok(lastReady < UNREADY_WITHIN_MS, `asked after ${lastReady} ms it said that it was ready`)
  // While it drains it still serves, so that the proxy has time to notice.
  assert.equal((await at(instance, 'e2e-es256').get(`${base}/demo/.well-known/openid-configuration`)).status, 200)
  await instance.stop()
  const ended = performance.now() - begun
  assert.ok(ended >= DRAIN_SECONDS * 1000, `left before it was over: ${ended}`)
  assert.ok(ended < (DRAIN_SECONDS + GRACE_SECONDS) * 1000, `within its grace: ${ended}`)
  figures.drains.push({ readyOffMs: Math.round(readyOff), exitMs: Math.round(ended) })
  const start = performance.now()
  await instance.up()
  figures.back.push(Math.round(performance.now() - start))
  await sleep(1_500)
}

async function kill(instance) {
  const at = performance.now()
  await instance.kill()
  figures.kills.push({ at, gone: performance.now() })
  await sleep(2_000)
  await instance.up()
  await sleep(1_500)
}

async function freeze(instance) {
  instance.process.kill('SIGSTOP')
  await sleep(FREEZE_MS)
  instance.process.kill('SIGCONT')
  figures.freezes++
  await sleep(2_000)
}

async function rotate(watch, ...how) {
  const { code, stdout, stderr } = await instances[0].tryCli('keys', 'rotate', '--org', 'demo', '--direct', '--force', '--json', ...how)
  // The only allowed refusal: the next key is too young to sign.
  if (code !== 0) {
    assert.match(stdout + stderr, /not known to every verifier/)
    return
  }
  const rows = JSON.parse(stdout)
  watch.rotated(rows)
  figures.rotations++
  const took = await everywhere('the new keys', async (instance) => {
    const kids = (await instance.get('/demo/jwks')).json().keys.map(({ kid }) => kid)
    return rows.every(({ next }) => kids.includes(next))
  })
  assert.ok(took <= PUBLISHED_WITHIN_MS, `new keys took ${took} ms`)
  figures.published.push(took)
}

async function changeSetting(round) {
  const seconds = 300 + round
  await cli('config', 'set', 'client_credentials_ttl', `${seconds}s`, '--direct')
  const took = await everywhere(`client_credentials_ttl=${seconds}`, async (instance) => {
    const answer = await at(instance, 'e2e-machine').token({ grant_type: 'client_credentials' })
    return answer.status === 200 && answer.json().expires_in === seconds
  })
  assert.ok(took <= EFFECTIVE_WITHIN_MS, `a setting took ${took} ms`)
  figures.settings.push(took)
}

async function suspend() {
  const rp = new Rp(`${base}/beta`, 'e2e-beta', { from: someAddress() })
  const { tokens } = await rp.signIn(rp.agent(), user('ada', 'beta'))
  const here = new Map(instances.map((instance) => [instance, at(instance, 'e2e-beta', 'beta')]))
  const isActive = async (instance) => (await here.get(instance).userinfo(tokens.access_token)).status === 200
  for (const instance of instances) assert.ok(await isActive(instance), instance.name)
  await cli('org', 'suspend', 'beta', '--direct', '--force')
  const took = await everywhere('the suspension', async (instance) => !(await isActive(instance)))
  assert.ok(took <= EFFECTIVE_WITHIN_MS, `a suspension took ${took} ms`)
  await cli('org', 'activate', 'beta', '--direct', '--force')
  const lifted = await everywhere('the end of the suspension', async (instance) => {
    const { status } = await here.get(instance).get(`${rp.issuer}/.well-known/openid-configuration`)
    return status === 200
  })
  assert.ok(lifted <= EFFECTIVE_WITHIN_MS, `its end took ${lifted} ms`)
  for (const instance of instances) assert.ok(!(await isActive(instance)), `what was ended stays ended on ${instance.name}`)
  await rp.signIn(rp.agent(), user('ada', 'beta'))
  figures.suspensions.push(took)
}

test('nobody notices', async () => {
  const load = new Load({ issuer: `${base}/demo`, tries: 8, think: 250 })
  const watch = await new KeyWatch(instances, 'demo').start()
  load.onSigned = (kid) => watch.sawSignature(kid)
  await load.start({ readers: 3, chains: 3, sessions: 3, visitors: 2_000, leavers: 2_000 })
  let reading = true
  const settings = (async () => {
    while (reading) {
      JSON.parse(await cli('config', 'list', '--direct', '--json'))
      await sleep(2_000)
    }
  })()

  const end = Date.now() + MINUTES * 60_000
  let outcomes
  let faults
  try {
    for (let round = 1; round === 1 || Date.now() < end; round++) {
      for (const instance of instances) await restart(instance)
      await kill(instances[round % 3])
      await changeSetting(round)
      await freeze(instances[(round + 1) % 3])
      await rotate(watch)
      await sleep(2_000)
      await suspend()
    }
  } finally {
    reading = false
    await settings
    outcomes = await load.stop()
    faults = await watch.stop()
  }
  report(outcomes)

  assert.deepEqual(outcomes.wrong, [], 'no answer is wrong, no session is lost')
  assert.deepEqual(await load.alive(), [], 'what was given back or signed out is over')
  assert.equal(outcomes.total('cut') + outcomes.total('paused'), 0, JSON.stringify(outcomes.summary()))
  // Only a POST that a process was handling when it was killed may have been repeated.
  const isCut = (text) => /^\w*Error: |^page 50[24] | -> 50[24] /.test(text)
  const cut = figures.kills.map(() => 0)
  for (const { op, at: when, since, text } of outcomes.repeats) {
    const by = figures.kills.findIndex((kill) => since < kill.gone && when > kill.at)
    assert.ok(by >= 0 && isCut(text), `${op} was repeated for no reason: ${text}`)
    cut[by]++
  }
  assert.ok(Math.max(...cut) <= CUT_BY_A_KILL, `cut by each kill: ${cut}`)

  const served = nginx.served()
  for (const { port, name } of instances) {
    const share = served.filter(({ by }) => by === port).length / served.length
    assert.ok(share > 0.15, `${name} served ${Math.round(share * 100)} % of all requests`)
  }
  for (const { rp } of load.people) {
    const used = new Set(served.filter(({ from }) => from === rp.options.from).map(({ by }) => by))
    assert.equal(used.size, 3, 'each person and application met every instance')
  }

  assert.ok(figures.rotations > 0 && watch.signed.size > 1, `keys that signed: ${watch.signed.size}`)
  assert.deepEqual(faults, [], 'keys are published in time and stay')
})

test('a key that signs before everybody can know it would be noticed', async () => {
  const watch = await new KeyWatch(instances, 'demo').start()
  // The second rotation lets the key sign that the first one has just created.
  for (const how of ['--now', '--now']) await rotate(watch, how)
  const rp = new Rp(`${base}/demo`, 'e2e-es256', { from: someAddress() })
  const { tokens, nonce } = await rp.signIn(rp.agent(), user('ada'))
  watch.sawSignature((await rp.verifyIdToken(tokens.id_token, { nonce })).header.kid)
  const faults = await watch.stop()
  assert.equal(faults.length, instances.length, faults.join('\n'))
  for (const fault of faults) assert.match(fault, /signed \d+ ms after chaos-\d published it/)
})

test('a key that an instance leaves out would be noticed', () => {
  const [old, next] = ['old', 'next']
  const ended = new Date(9_000).toISOString()
  const rotations = [{ at: 1_000, rows: [{ next, retired: old, retiredUntil: ended }] }]
  const faults = (...answers) => keyFaults({
    names: ['one'], initial: new Set([old]), rotations, signed: new Map(), cacheMs: 0,
    answers: answers.map(([asked, ...kids]) => ({ name: 'one', asked, at: asked + 10, kids: new Set(kids) })),
  }).length
  assert.equal(faults([500, old], [1_500, old], [2_500, old, next], [9_500, next]), 0)
  assert.equal(faults([500]), 1, 'a key of the beginning is missing')
  assert.equal(faults([2_500, old]), 1, 'a new key is late')
  assert.equal(faults([2_500, old, next], [3_000, old], [3_500, old, next]), 1, 'a new key was gone for a moment')
  assert.equal(faults([8_500, next]), 1, 'a retired key is gone too soon')
})

function report(outcomes) {
  const served = nginx.served()
  const shares = instances.map(({ port }) => served.filter(({ by }) => by === port).length)
  const result = {
    operations: outcomes.summary(),
    repeated: outcomes.repeats.length,
    requests: served.length,
    retriedByProxy: served.filter(({ tries }) => tries > 1).length,
    shares,
    ...figures,
    kills: figures.kills.length,
  }
  writeFileSync(join(RESULTS, 'chaos.json'), JSON.stringify(result, null, 2))
  console.table(result.operations)
  const { operations, ...rest } = result
  console.log(JSON.stringify(rest))
}
