// Signing keys are generated and rotated through the Admin API while people sign in and refresh, and while relying
// parties verify every ID token with key sets that they cache for as long as the headers allow. The wall clock of the
// servers passes quickly (libfaketime), because a rotation waits for six minutes.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Root } from './lib/admin.mjs'
import { Clock } from './lib/clock.mjs'
import { IS_DRILL } from './lib/drills.mjs'
import { user } from './lib/fixtures.mjs'
import { someAddress } from './lib/http.mjs'
import { Porta, STORE, Store, eventually, freePort, sleep } from './lib/porta.mjs'
import { Rp } from './lib/rp.mjs'
import { Time, Verifier } from './lib/verifier.mjs'

const ROUNDS = IS_DRILL ? 15 : 3
const PEOPLE = 3
/** From its publication, a key may sign after this many seconds: every verifier knows it by then. */
const KNOWN_AFTER_S = 360
/** Divides neither the lifetime of a cached key set nor the waiting time. */
const STEP_S = 7
/** Verifiers of an instance; their caches end at different times. */
const VERIFIERS = 5
/** Tokens of one person that are verified again and again until they expire. */
const KEPT = 30
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }

let store
let clock
let time
let root
let verifiers
const instances = []
const results = { verified: 0, failures: [], kids: new Set(), tokens: 0 }

before(async () => {
  store = await Store.create()
  clock = new Clock()
  time = new Time(clock)
  const port = await freePort()
  const base = `http://localhost:${port}`
  const count = STORE === 'postgres' ? 2 : 1
  for (let n = 0; n < count; n++) {
    const own = n === 0 ? { port } : {}
    instances.push(await Porta.start({ name: `rotation-${n + 1}`, store, base, env: clock.env, fixtures: n === 0, ...own }))
  }
  root = await Root.install(instances[0], { connect })
  verifiers = instances.flatMap((instance) => Array.from({ length: VERIFIERS }, (_, n) => {
    const startsAt = time.now() + (n * KNOWN_AFTER_S * 1000) / VERIFIERS
    return new Verifier(relyingParty(only(instance)), time, { name: `${instance.name}, ${n + 1}`, startsAt })
  }))
})
after(async () => {
  for (const instance of instances) await instance.end()
  await store?.drop()
  clock?.end()
})

let turn = 0
/** The load balancer: strict round robin. */
const connect = () => ({ host: '127.0.0.1', port: instances[turn++ % instances.length].port })
const only = (instance) => () => ({ host: '127.0.0.1', port: instance.port })
const relyingParty = (where = connect) => new Rp(`${instances[0].base}/demo`, 'e2e-es256', { connect: where, from: someAddress() })

/** Verifies a token with every verifier. */
async function verify(token) {
  const { kid } = decodeProtectedHeader(token)
  await Promise.all(verifiers.map(async (verifier) => {
    try {
      if (await verifier.verify(token)) results.verified++
    } catch (error) {
      results.failures.push(`${verifier.name}: ${kid}: ${error.code ?? ''} ${error.message}`)
    }
  }))
}

/** One person who signs in silently and refreshes in turns, until `isOver`. */
async function person(isOver) {
  const rp = relyingParty()
  const agent = rp.agent()
  let { tokens } = await time.hold(() => rp.signIn(agent, user('ada'), OFFLINE))
  let kept = [tokens.id_token]
  for (let n = 0; !isOver(); n++) {
    await time.hold(async () => {
      if (n % 2 === 0) {
        const answer = await rp.refresh(tokens.refresh_token)
        assert.equal(answer.status, 200, String(answer))
        tokens = answer.json()
      } else {
        tokens = await rp.tokens(await rp.code(agent, { ...OFFLINE }))
      }
      assert.ok(tokens.id_token, 'every answer has an ID token')
      results.tokens++
      results.kids.add(decodeProtectedHeader(tokens.id_token).kid)
      await verify(tokens.id_token)
      const isFresh = (token) => decodeJwt(token).exp * 1000 > time.now() + 5_000
      kept = [...kept, tokens.id_token].filter(isFresh)
      // The first ones outlast several rotations.
      if (kept.length > KEPT) kept.splice(KEPT / 2, 1)
      await verify(kept[n % kept.length])
    })
    await sleep(20)
  }
}

/** Lets time pass; between two steps somebody signs in or refreshes. */
async function pass(seconds) {
  await time.pass(seconds, {
    step: STEP_S,
    between: () => {
      const { tokens } = results
      return eventually('somebody gets a token', () => results.tokens > tokens, { seconds: 30, every: 10 })
    },
  })
}

const keys = async (status) =>
  (await root.get('/keys?organizationId=demo')).data.filter((key) => key.algorithm === 'ES256' && key.status === status)
const ES256 = { organizationId: 'demo', algorithm: 'ES256' }

/** Waits until tokens are signed with a key. */
const signs = (kid) => eventually(`${kid} signs`, () => results.kids.has(kid), { seconds: 30 })

test('no verification fails while keys are generated, rotated and retired', async () => {
  let isOver = false
  const people = Array.from({ length: PEOPLE }, () => person(() => isOver))
  const load = Promise.all(people)
  // A failure is reported at the end; until then it is no unhandled rejection.
  load.catch(() => {})
  let rotations = 0
  try {
    await pass(KNOWN_AFTER_S + STEP_S)
    for (let round = 0; round < ROUNDS; round++) {
      await root.signIn()
      const [waiting] = await keys('next')
      const generates = round % 3 === 0
      const { data: next } = generates ? await root.expect(201, 'POST', '/keys/generate', ES256) : { data: waiting }
      if (generates) {
        assert.notEqual(next.kid, waiting.kid)
        const early = await root.expect(409, 'POST', '/keys/rotate', ES256)
        assert.match(early.error, /is not known to every verifier before/)
        await pass(KNOWN_AFTER_S + STEP_S)
      }
      const [active] = await keys('active')
      if (round % 3 === 2) {
        const { data: retired } = await root.expect(200, 'POST', `/keys/${active.kid}/retire`, { organizationId: 'demo' })
        assert.equal(retired.status, 'retired')
      } else {
        const { data: rotated } = await root.expect(201, 'POST', '/keys/rotate', round % 3 === 1 ? { organizationId: 'demo' } : ES256)
        assert.equal(rotated.kid, next.kid)
      }
      rotations++
      await signs(next.kid)
      await pass(KNOWN_AFTER_S + STEP_S)
    }
  } finally {
    isOver = true
    await load
  }
  const report = { rotations, tokens: results.tokens, keys: results.kids.size, verified: results.verified, failed: results.failures.length }
  console.log(`# ${JSON.stringify(report)}`)
  assert.deepEqual(results.failures.slice(0, 10), [], `${results.failures.length} of ${results.verified} failed`)
  assert.equal(results.kids.size, ROUNDS + 1, 'each rotation changed the key that signs')
  assert.ok(results.verified > results.tokens * verifiers.length, JSON.stringify(report))
  for (const verifier of verifiers) assert.ok(verifier.fetched > ROUNDS, `${verifier.name} asked ${verifier.fetched} times`)
})

test('a key that signs too early would be noticed', async () => {
  await root.signIn()
  results.failures = []
  // The second rotation lets the key sign that the first one has just made.
  for (let n = 0; n < 2; n++) await root.expect(201, 'POST', '/keys/rotate', { ...ES256, emergency: true })
  const [active] = await keys('active')
  await eventually('the new key signs', async () => {
    const rp = relyingParty()
    const { tokens } = await rp.signIn(rp.agent(), user('ben'))
    if (decodeProtectedHeader(tokens.id_token).kid !== active.kid) return false
    await verify(tokens.id_token)
    return true
  }, { seconds: 30 })
  // A cache may end in these seconds.
  assert.ok(results.failures.length > verifiers.length / 2, results.failures.join('\n'))
  for (const failure of results.failures) assert.match(failure, /ERR_JWKS_NO_MATCHING_KEY/)
})
