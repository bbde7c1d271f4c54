// Two instances on one PostgreSQL and one Redis, behind a load balancer that alternates between them.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { client, user } from './lib/fixtures.mjs'
import { Porta, Store, eventually, freePort, sleep } from './lib/porta.mjs'
import { Rp, assertTokenError } from './lib/rp.mjs'
import { someAddress } from './lib/http.mjs'

const ada = user('ada')
let store
let instances
let turn = 0

/** The load balancer: strict round robin. */
const connect = () => {
  const instance = instances[turn++ % instances.length]
  instance.served = (instance.served ?? 0) + 1
  return { host: '127.0.0.1', port: instance.port }
}

/** Connects to one instance only. */
const only = (instance) => () => ({ host: '127.0.0.1', port: instance.port })

before(async () => {
  store = await Store.create()
  const base = `http://localhost:${await freePort()}`
  const first = await Porta.start({ name: 'instance-1', store, base, fixtures: true })
  const second = await Porta.start({ name: 'instance-2', store, base, fixtures: false })
  instances = [first, second]
})
after(async () => {
  for (const instance of instances ?? []) await instance.end()
  await store?.drop()
})

function relyingParty(id = 'e2e-es256', options = {}) {
  return new Rp(instances[0].issuer(), client(id), { connect, from: someAddress(), ...options })
}

for (const start of [0, 1]) {
  test(`a whole sign-in, every request on the other instance (beginning with ${start + 1})`, async () => {
    const rp = relyingParty()
    await rp.metadata()
    await rp.jwks()
    turn = start
    const agent = rp.agent()
    const flow = await rp.signIn(agent, ada, { scope: 'openid email' })
    assert.deepEqual(flow.asked, ['login'])
    const { payload } = await rp.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })
    const info = await rp.userinfo(flow.tokens.access_token)
    assert.equal(info.status, 200, String(info))
    assert.equal(info.json().sub, payload.sub)
    assert.equal(await rp.isActive(flow.tokens.access_token), true)

    const refreshed = await rp.refresh(flow.tokens.refresh_token)
    assert.equal(refreshed.status, 200, String(refreshed))
    assert.equal(await rp.isActive(refreshed.json().access_token), true)

    const silent = await rp.code(agent, { prompt: 'none' })
    assert.deepEqual(silent.asked, [])

    const asked = await rp.endSession(agent, {
      id_token_hint: flow.tokens.id_token,
      post_logout_redirect_uri: rp.client.postLogoutRedirectUri,
      state: 'bye',
    })
    const left = await agent.logOut(asked)
    assert.equal(left.kind, 'callback', String(left))
    for (let i = 0; i < 2; i++) {
      assert.equal(await rp.isActive(refreshed.json().access_token), false, 'on both instances')
    }
    const gone = await rp.authorize(agent, { prompt: 'none' })
    assert.equal(gone.at.params?.error, 'login_required', String(gone.at))
    for (const instance of instances) assert.ok(instance.served > 5, `${instance.name} served ${instance.served}`)
  })
}

test('one code, both instances at once: exactly one of them redeems it', async () => {
  const rp = relyingParty()
  const agent = rp.agent()
  await rp.signIn(agent, ada)
  for (let round = 0; round < 5; round++) {
    const flow = await rp.code(agent)
    const answers = await Promise.all(Array.from({ length: 4 }, () => rp.redeem(flow)))
    const good = answers.filter(({ status }) => status === 200)
    assert.equal(good.length, 1, answers.join('\n'))
    for (const answer of answers) if (answer.status !== 200) assertTokenError(answer, 'invalid_grant')
    // RFC 6749 §4.1.2: the code was used twice, so the tokens it gave are revoked.
    await eventually('the tokens of a replayed code die', async () => !(await rp.isActive(good[0].json().access_token)))
  }
})

test('one refresh token, both instances at once: the same successor', async () => {
  const rp = relyingParty()
  const flow = await rp.signIn(rp.agent(), ada)
  let current = flow.tokens.refresh_token
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => rp.refresh(current)))
    for (const answer of answers) assert.equal(answer.status, 200, String(answer))
    const successors = new Set(answers.map((answer) => answer.json().refresh_token))
    assert.equal(successors.size, 1, 'exactly one live successor')
    const [next] = successors
    assert.notEqual(next, current)
    current = next
  }
})

test('what an operator does on one is true on both within a second', async () => {
  const about = 'e2e-suspended'
  const rp = relyingParty(about)
  const flow = await rp.signIn(rp.agent(), user('cleo'))
  await instances[0].cli('user', 'suspend', 'cleo@demo.example', '--org', 'demo', '--direct', '--force')
  await sleep(1000)
  for (const instance of instances) {
    const here = relyingParty(about, { connect: only(instance) })
    assert.equal(await here.isActive(flow.tokens.access_token), false, instance.name)
    assertTokenError(await here.refresh(flow.tokens.refresh_token), 'invalid_grant')
    const { status } = await here.userinfo(flow.tokens.access_token)
    assert.equal(status, 401, instance.name)
  }
})

test('attempts are counted together', async () => {
  const rp = relyingParty()
  const agent = rp.agent()
  const { at } = await rp.authorize(agent)
  const statuses = []
  let page = at
  for (let attempt = 0; attempt < 12; attempt++) {
    page = await agent.signIn(page, { email: 'nobody-here@demo.example' }, `wrong-password-${attempt}`)
    statuses.push(page.status)
  }
  assert.deepEqual(statuses.slice(0, 10), Array(10).fill(200), 'ten attempts in all, not ten on each')
  assert.deepEqual(statuses.slice(10), [429, 429])
})

test('keys rotate on both without a restart', async () => {
  const rp = relyingParty()
  const flow = await rp.signIn(rp.agent(), ada)
  const before = new Set((await rp.jwks({ fresh: true })).keys.map(({ kid }) => kid))
  await instances[0].cli('keys', 'rotate', '--org', 'demo', '--direct', '--force')
  const published = await Promise.all(instances.map((instance) => {
    const here = relyingParty('e2e-es256', { connect: only(instance) })
    return eventually(`${instance.name} publishes the new key`, async () => {
      const kids = (await here.jwks({ fresh: true })).keys.map(({ kid }) => kid)
      return kids.some((kid) => !before.has(kid)) && kids
    }, { seconds: 90 })
  }))
  assert.deepEqual(new Set(published[0]), new Set(published[1]), 'the same keys')
  for (const instance of instances) {
    const here = relyingParty('e2e-es256', { connect: only(instance) })
    await here.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })
    const fresh = await here.signIn(here.agent(), ada)
    await rp.jwks({ fresh: true })
    await rp.verifyIdToken(fresh.tokens.id_token, { nonce: fresh.nonce })
  }
})

test('an instance dies in the middle of a sign-in and nobody notices', async () => {
  const rp = relyingParty()
  const agent = rp.agent()
  const request = await rp.authorization()
  const page = await agent.open(request.url)
  assert.ok(page.isLogin, String(page))
  const [gone, left] = instances
  await gone.kill()
  instances = [left]
  try {
    const at = await agent.signIn(page, ada)
    assert.equal(at.kind, 'callback', String(at))
    const tokens = await rp.tokens({ ...request, code: at.params.code })
    await rp.verifyIdToken(tokens.id_token, { nonce: request.nonce })
  } finally {
    instances = [gone, left]
    await gone.up()
  }
})
