// Attacks and misuse that must fail, tested from outside.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { CLAIM_NAMES, client, user } from './lib/fixtures.mjs'
import { form, request, someAddress } from './lib/http.mjs'
import { Porta, eventually, sleep } from './lib/porta.mjs'
import { Rp, assertTokenError, basic, random, s256 } from './lib/rp.mjs'

const ada = user('ada')
const ben = user('ben')
let porta

before(async () => {
  porta = await Porta.start({ name: 'security', env: { LOG_LEVEL: 'debug' } })
})
after(() => porta?.end())

/** A relying party at an organization, with its own source address. */
function relyingParty(id = 'e2e-es256', slug) {
  const about = client(id)
  return new Rp(porta.issuer(slug ?? about.organization), about, { from: someAddress() })
}

function assertErrorPage(at, status = 400) {
  assert.equal(at.kind, 'page', `an error page, not a redirect: ${at}`)
  assert.equal(at.status, status, String(at))
  assert.equal(at.loginForm, null, String(at))
}

describe('1. tenants and addresses', () => {
  test('the documents of two organizations differ in the slug and nothing else', async () => {
    const demo = await relyingParty('e2e-es256').metadata()
    const beta = await relyingParty('e2e-beta').metadata()
    const asDemo = JSON.parse(JSON.stringify(beta).replaceAll(`${porta.base}/beta`, `${porta.base}/demo`))
    // Custom claims belong to an organization's applications.
    for (const document of [asDemo, demo]) delete document.claims_supported
    assert.deepEqual(asDemo, demo)
    for (const [name, value] of Object.entries(demo)) {
      if (/(_endpoint|_uri)$/.test(name)) assert.ok(value.startsWith(`${porta.base}/demo/`), `${name}: ${value}`)
    }
    const keys = async (id) => (await relyingParty(id).jwks()).keys.map(({ kid }) => kid)
    const [ours, theirs] = await Promise.all([keys('e2e-es256'), keys('e2e-beta')])
    assert.deepEqual(ours.filter((kid) => theirs.includes(kid)), [], 'no key is shared')
  })

  for (const forged of [
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-port': '444' },
    { forwarded: 'host=evil.example;proto=https' },
    { 'x-original-url': '/beta/auth', 'x-rewrite-url': '/beta/auth' },
  ]) {
    test(`forged ${Object.keys(forged)[0]} changes nothing`, async () => {
      const rp = relyingParty()
      const honest = await rp.metadata()
      const url = `${rp.issuer}/.well-known/openid-configuration`
      const answer = await request(url, { headers: forged })
      assert.deepEqual(answer.json(), honest)
      assert.ok(!JSON.stringify(answer.headers).includes('evil'), JSON.stringify(answer.headers))

      const agent = rp.agent()
      const flow = await rp.authorization()
      const first = await agent.raw(flow.url, { headers: forged, crossSite: true })
      assert.ok([302, 303].includes(first.status), String(first))
      const next = new URL(first.headers.location, flow.url)
      assert.equal(next.origin, porta.base)
      const page = await agent.raw(next.href, { headers: forged })
      assert.equal(page.status, 200, String(page))
      assert.ok(!page.body.includes('evil.example'))
    })
  }

  test('an unknown organization is not there, and looks like one that never was', async () => {
    const answers = await Promise.all(['nobody-here', 'xxxxxxxxxxxxx'].map((slug) => request(`${porta.base}/${slug}/jwks`)))
    for (const answer of answers) {
      assert.equal(answer.status, 404, String(answer))
      assert.equal(answer.body.replaceAll(/nobody-here|x{13}/g, '…'), answers[0].body.replaceAll('nobody-here', '…'))
    }
  })
})

describe('2. what a client gets', () => {
  test('the ID token has what was promised, UserInfo what was granted', async () => {
    const rp = relyingParty()
    const flow = await rp.signIn(rp.agent(), ada, { scope: 'openid profile email' })
    const { payload } = await rp.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })
    for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'sid', 'at_hash']) {
      assert.ok(name in payload, name)
    }
    assert.deepEqual(payload.roles, ['manager'])
    assert.deepEqual(payload.permissions, ['store:orders:read', 'store:orders:write'])
    assert.equal(payload.branch_code, 'LON-1', 'a claim for the ID token')
    assert.equal(payload.discount_limit, undefined, 'a claim for UserInfo only')
    const info = (await rp.userinfo(flow.tokens.access_token)).json()
    assert.equal(info.branch_code, 'LON-1')
    assert.equal(info.discount_limit, 15)
    assert.equal(info.name, 'Ada Augusta Byron')
  })

  test('what is unknown about a person is left out, never null', async () => {
    const rp = relyingParty()
    const flow = await rp.signIn(rp.agent(), ben, { scope: 'openid profile email phone address' })
    const info = (await rp.userinfo(flow.tokens.access_token)).json()
    assert.equal(info.name, 'Ben')
    for (const name of [...CLAIM_NAMES.profile, ...CLAIM_NAMES.address]) {
      if (!['name', 'given_name', 'preferred_username', 'updated_at'].includes(name)) assert.ok(!(name in info), `${name}: ${info[name]}`)
    }
    assert.equal(info.preferred_username, 'ben', 'the local part of an address the client may see')
    for (const [name, value] of Object.entries(info)) assert.notEqual(value, null, name)
  })

  test("another application's client sees none of this application's roles and claims", async () => {
    const rp = relyingParty('e2e-third-party', 'demo')
    const flow = await rp.signIn(rp.agent(), ada, { scope: 'openid profile email' })
    const { payload } = await rp.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })
    const info = (await rp.userinfo(flow.tokens.access_token)).json()
    for (const claims of [payload, info]) {
      assert.equal(claims.roles, undefined)
      assert.equal(claims.permissions, undefined)
      assert.equal(claims.branch_code, undefined)
      assert.equal(claims.discount_limit, undefined)
    }
  })
})

describe('3. codes and redirection addresses', () => {
  let rp
  let agent
  before(async () => {
    rp = relyingParty()
    agent = rp.agent()
    await rp.signIn(agent, ada)
  })
  const code = () => rp.code(agent)

  test('a code is used once; the second use ends what the first one gave', async () => {
    const flow = await code()
    const tokens = await rp.tokens(flow)
    assert.equal(await rp.isActive(tokens.access_token), true)
    assertTokenError(await rp.redeem(flow), 'invalid_grant')
    assert.equal(await rp.isActive(tokens.access_token), false)
    assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
  })

  test('a wrong, missing or foreign verifier', async () => {
    for (const wrong of [random(48), undefined, '', 'short', s256(random(48))]) {
      const answer = await rp.redeem(await code(), { code_verifier: wrong })
      assert.equal(answer.status, 400, String(answer))
      assert.ok(['invalid_grant', 'invalid_request'].includes(answer.json().error), String(answer))
    }
    const flow = await code()
    assertTokenError(await rp.redeem(flow, { code_verifier: `${flow.verifier}a` }), 'invalid_grant')
  })

  test('a verifier where there was no challenge', async () => {
    const free = relyingParty('e2e-no-pkce')
    const flow = await free.code(free.agent(), {}, { person: ada, pkce: false })
    assertTokenError(await free.redeem(flow, { code_verifier: random(48) }), 'invalid_grant')
  })

  test('PKCE: plain, unknown methods and a challenge without a method are refused', async () => {
    for (const extra of [
      { code_challenge_method: 'plain' },
      { code_challenge_method: 's256' },
      { code_challenge_method: undefined },
      { code_challenge: 'short' },
      { code_challenge: '!'.repeat(43) },
    ]) {
      const { at } = await rp.authorize(agent, extra)
      assert.equal(at.kind, 'callback', String(at))
      assert.equal(at.params.error, 'invalid_request', String(at))
    }
  })

  test('a redirection address that differs by one character never sees the browser', async () => {
    const registered = rp.client.redirectUri
    const wrong = [
      `${registered}/`, `${registered}a`, registered.slice(0, -1), `${registered}?`, `${registered}?a=1`,
      `${registered}#`, registered.replace('callback', 'Callback'), registered.replace('rp.', 'RP.'),
      registered.replace('https://rp.example.test/', 'https://rp.example.test:443/'),
      registered.replace('https', 'http'), registered.replace('callback', './callback'),
      registered.replace('callback', '%63allback'), 'https://rp.example.test.evil.example/callback',
      'https://rp.example.test@evil.example/callback', 'javascript:alert(1)',
    ]
    for (const redirectUri of wrong) {
      const { at } = await rp.authorize(agent, { redirect_uri: redirectUri })
      assertErrorPage(at)
    }
  })

  test('errors never travel to an unproven address, whatever else is wrong', async () => {
    for (const extra of [
      { response_type: 'token' }, { scope: 'openid phone email nope' }, { prompt: 'none' }, { prompt: 'none login' },
      { code_challenge_method: 'plain' }, { max_age: 'x' }, { response_mode: 'nope' }, { request: 'x.y.z' },
    ]) {
      const { at } = await rp.authorize(agent, { redirect_uri: 'https://rp.example.test/elsewhere', ...extra })
      assertErrorPage(at)
    }
    const { at } = await rp.authorize(agent, { client_id: 'nobody' })
    assertErrorPage(at)
  })

  test('a redirection address at the token endpoint that is not the one of the request', async () => {
    for (const wrong of [`${rp.client.redirectUri}a`, rp.client.redirectUri.slice(0, -1), 'https://rp.example.test/']) {
      const answer = await rp.redeem(await code(), { redirect_uri: wrong })
      assert.equal(answer.status, 400, String(answer))
      assert.ok(['invalid_grant', 'invalid_request'].includes(answer.json().error), String(answer))
    }
  })

  test("another client cannot use this client's code", async () => {
    const other = relyingParty('e2e-second')
    const flow = await code()
    assertTokenError(await other.redeem(flow), 'invalid_grant')
  })

  test('parameters given twice are refused', async () => {
    const flow = await rp.authorization({ prompt: 'login' })
    for (const name of ['client_id', 'redirect_uri', 'state', 'scope', 'nonce', 'prompt', 'response_type']) {
      const at = await agent.open(`${flow.url}&${form({ [name]: flow.params[name] })}`)
      if (at.kind === 'callback') assert.equal(at.params.error, 'invalid_request', `${name}: ${at}`)
      else assertErrorPage(at)
    }
    const { token_endpoint: endpoint } = await rp.metadata()
    const twice = await code()
    const fields = [
      ['grant_type', 'authorization_code'], ['code', twice.code], ['code', twice.code],
      ['redirect_uri', twice.redirectUri], ['code_verifier', twice.verifier],
    ]
    assertTokenError(await rp.post(endpoint, fields, { headers: rp.credentials().headers }), 'invalid_request')
  })

  test('one way to authenticate at a time', async () => {
    const { token_endpoint: endpoint } = await rp.metadata()
    const { id, secret } = rp.client
    const headers = { authorization: basic(id, secret) }
    const both = await rp.post(endpoint, { grant_type: 'client_credentials', client_id: id, client_secret: secret }, { headers })
    assertTokenError(both, 'invalid_request')
    const other = await rp.post(endpoint, { grant_type: 'client_credentials', client_id: 'e2e-second' }, { headers })
    assert.equal(other.status, 400, String(other))
    const json = await request(endpoint, {
      method: 'POST', from: rp.options.from, body: JSON.stringify({ grant_type: 'client_credentials' }),
      headers: { ...headers, 'content-type': 'application/json' },
    })
    assertTokenError(json, 'invalid_request')
    const inQuery = await rp.post(`${endpoint}?${form({ client_id: id, client_secret: secret })}`, { grant_type: 'client_credentials' })
    assert.ok([400, 401].includes(inQuery.status), `credentials in the query: ${inQuery}`)
  })

  test('unknown client and wrong secret are the same answer', async () => {
    const [unknown, wrong] = await Promise.all([
      rp.with({ id: 'nobody' }).token({ grant_type: 'client_credentials' }),
      rp.with({ secret: 'wrong' }).token({ grant_type: 'client_credentials' }),
    ])
    for (const answer of [unknown, wrong]) {
      assertTokenError(answer, 'invalid_client', 401)
      assert.match(answer.headers['www-authenticate'] ?? '', /^Basic /)
    }
    assert.equal(unknown.body, wrong.body)
  })

  test('a grant the client does not have', async () => {
    const machine = relyingParty('e2e-machine')
    const answer = await machine.refresh('anything')
    assert.equal(answer.status, 400, String(answer))
    assert.equal(answer.json().error, 'unauthorized_client')
    assertTokenError(await rp.token({ grant_type: 'password', username: ada.email, password: ada.password }), 'unsupported_grant_type')
  })
})

describe('4. refresh tokens', () => {
  test('parallel use gives one successor; replay after the successor was used ends the family', async () => {
    const rp = relyingParty()
    const { tokens } = await rp.signIn(rp.agent(), ada)
    const answers = await Promise.all(Array.from({ length: 6 }, () => rp.refresh(tokens.refresh_token)))
    for (const answer of answers) assert.equal(answer.status, 200, String(answer))
    const successors = new Set(answers.map((answer) => answer.json().refresh_token))
    assert.equal(successors.size, 1, 'one and the same successor')
    const [second] = successors

    const third = (await rp.refresh(second)).json()
    assert.ok(third.refresh_token)
    assert.notEqual(third.refresh_token, second)
    assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
    assertTokenError(await rp.refresh(third.refresh_token), 'invalid_grant')
    assert.equal(await rp.isActive(third.access_token), false, 'access tokens of the family are dead, too')
  })

  test('replay after the window ends the family', async () => {
    // A minute by default (crates/core/src/settings.rs), shortened so that the test need not wait.
    await porta.cli('config', 'set', 'refresh_replay_window', '1s', '--org', 'beta', '--direct')
    const rp = relyingParty('e2e-beta')
    const { tokens } = await rp.signIn(rp.agent(), user('ada', 'beta'))
    const second = (await rp.refresh(tokens.refresh_token)).json()
    await sleep(2_000)
    assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
    assertTokenError(await rp.refresh(second.refresh_token), 'invalid_grant')
  })

  test('scopes may shrink and never grow', async () => {
    const rp = relyingParty()
    const { tokens } = await rp.signIn(rp.agent(), ada, { scope: 'openid email' })
    assertTokenError(await rp.refresh(tokens.refresh_token, { scope: 'openid email profile' }), 'invalid_scope')
    const less = await rp.refresh(tokens.refresh_token, { scope: 'openid' })
    assert.equal(less.status, 200, String(less))
    const info = (await rp.userinfo(less.json().access_token)).json()
    assert.equal(info.email, undefined)
  })

  test("another client's refresh token", async () => {
    const rp = relyingParty()
    const { tokens } = await rp.signIn(rp.agent(), ada)
    assertTokenError(await relyingParty('e2e-second').refresh(tokens.refresh_token), 'invalid_grant')
    assert.equal((await rp.refresh(tokens.refresh_token)).status, 200, 'and the owner is not punished for it')
  })
})

describe('5. an added scope', () => {
  test('asks nobody, does not loop, and leaves the first application alone', async () => {
    const first = relyingParty('e2e-es256')
    const second = relyingParty('e2e-second')
    const agent = first.agent()
    const start = await first.signIn(agent, ada)
    const more = await first.signIn(agent, null, { scope: 'openid profile email' })
    assert.deepEqual(more.asked, [])
    assert.equal((await first.userinfo(more.tokens.access_token)).json().email, ada.email)
    const other = await second.signIn(agent, null, { scope: 'openid email' })
    assert.deepEqual(other.asked, [])
    for (const tokens of [start.tokens, more.tokens]) {
      assert.equal(await first.isActive(tokens.access_token), true)
      assert.equal(await first.isActive(tokens.refresh_token), true)
    }
    const again = await first.signIn(agent, null, { scope: 'openid profile email', prompt: 'consent' })
    assert.deepEqual(again.asked, ['consent'], 'prompt=consent asks for every application, and once')
  })
})

describe('6. one tenant cannot reach into another', () => {
  test('a session of demo is nothing at beta', async () => {
    const rp = relyingParty('e2e-es256')
    const agent = rp.agent()
    await rp.signIn(agent, ada)
    const beta = relyingParty('e2e-beta')
    const { at } = await beta.authorize(agent)
    assert.ok(at.kind === 'page' && at.isLogin, String(at))
    assert.ok(at.url.startsWith(`${porta.base}/beta/`))
    const silent = await beta.authorize(agent, { prompt: 'none' })
    assert.equal(silent.at.params?.error, 'login_required', String(silent.at))
    for (const cookie of agent.cookies.list()) {
      assert.ok(/^\/(demo|beta)(\/|$)/.test(cookie.path), `${cookie.name} is bound to a tenant: ${cookie.path}`)
      assert.ok(cookie.httpOnly, `${cookie.name} is HttpOnly`)
      assert.ok(['lax', 'strict'].includes(cookie.sameSite), `${cookie.name} is SameSite`)
    }
  })

  test("a person of demo does not exist at beta, nor a person of beta with demo's password", async () => {
    const beta = relyingParty('e2e-beta')
    const agent = beta.agent()
    const { at } = await beta.authorize(agent)
    const refused = await agent.signIn(at, ada)
    assert.ok(refused.isLogin && refused.flashError, String(refused))
    const accepted = await agent.signIn(refused, user('ada', 'beta'))
    assert.equal(accepted.kind, 'callback', String(accepted))
    const stranger = beta.agent()
    const nobody = await stranger.signIn((await beta.authorize(stranger)).at, ben)
    assert.ok(nobody.isLogin && nobody.flashError, String(nobody))
  })

  test('the same address in two tenants is two people', async () => {
    const demo = relyingParty('e2e-es256')
    const beta = relyingParty('e2e-beta')
    const here = decodeJwt((await demo.signIn(demo.agent(), ada)).tokens.id_token)
    const there = decodeJwt((await beta.signIn(beta.agent(), user('ada', 'beta'))).tokens.id_token)
    assert.notEqual(here.sub, there.sub)
  })

  test("a client that may be used in both: demo's code, tokens and hints are worth nothing at beta", async () => {
    const demo = relyingParty('e2e-third-party', 'demo')
    const beta = relyingParty('e2e-third-party', 'beta')
    const agent = demo.agent()
    const { tokens } = await demo.signIn(agent, ada)
    const flow = await demo.code(agent, { prompt: 'none' })

    assertTokenError(await beta.redeem(flow), 'invalid_grant')
    assertTokenError(await beta.refresh(tokens.refresh_token), 'invalid_grant')
    assert.equal((await beta.userinfo(tokens.access_token)).status, 401)
    assert.deepEqual((await beta.introspect(tokens.access_token)).json(), { active: false })
    assert.deepEqual((await beta.introspect(tokens.refresh_token)).json(), { active: false })
    await beta.revoke(tokens.access_token)
    await beta.revoke(tokens.refresh_token)
    assert.equal(await demo.isActive(tokens.access_token), true, "beta's revocation does not reach demo")
    assert.equal((await demo.refresh(tokens.refresh_token)).status, 200)

    const hinted = await beta.authorize(beta.agent(), { id_token_hint: tokens.id_token, prompt: 'none' })
    assert.ok(['invalid_request', 'login_required'].includes(hinted.at.params?.error), String(hinted.at))
    const left = await beta.endSession(agent, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: beta.client.postLogoutRedirectUri,
    })
    assert.equal(left.kind, 'page', `a hint of another issuer proves nothing: ${left}`)
    assert.deepEqual((await demo.code(agent, { prompt: 'none' })).asked, [], "and demo's session lives")
  })

  test('a client of one tenant is unknown to another that did not allow it', async () => {
    const { at } = await relyingParty('e2e-es256', 'beta').authorize(relyingParty().agent())
    assertErrorPage(at)
    assertTokenError(await relyingParty('e2e-es256', 'beta').token({ grant_type: 'client_credentials' }), 'invalid_client', 401)
    const missing = await relyingParty('e2e-es256', 'beta').with({ id: 'nobody' }).token({ grant_type: 'client_credentials' })
    const foreign = await relyingParty('e2e-es256', 'beta').token({ grant_type: 'client_credentials' })
    assert.equal(foreign.body, missing.body, 'the same as one that does not exist')
  })

  test("an interaction belongs to its tenant, and to its browser", async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { at } = await rp.authorize(agent)
    const uid = /\/interaction\/([^/?]+)/.exec(at.url)[1]
    for (const other of [agent.clone(), rp.agent()]) {
      assertErrorPageOrMissing(await other.open(`${porta.base}/beta/interaction/${uid}`))
    }
    assertErrorPage(await rp.agent().open(at.url))
    const thief = rp.agent()
    const stolen = await thief.submit(at, at.loginForm, { email: ada.email, password: ada.password })
    assert.equal(stolen.kind, 'page', `somebody else's interaction: ${stolen}`)
    assert.ok([400, 403, 404].includes(stolen.status), String(stolen))
    const owner = await agent.signIn(at, ada)
    assert.equal(owner.kind, 'callback', String(owner))
  })

  function assertErrorPageOrMissing(at) {
    assert.equal(at.kind, 'page', String(at))
    assert.ok([400, 404].includes(at.status), String(at))
  }
})

describe('7. cross-site requests', () => {
  test('a login form without its token signs nobody in', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    for (const wrong of ['', 'x'.repeat(43)]) {
      const { at } = await rp.authorize(agent)
      const answer = await agent.submit(at, at.loginForm, { _csrf: wrong, email: ada.email, password: ada.password })
      assert.equal(answer.kind, 'page', String(answer))
      const silent = await rp.authorize(agent, { prompt: 'none' })
      assert.equal(silent.at.params?.error, 'login_required', String(silent.at))
    }
  })

  test("a token of another tab's interaction is not accepted here, and both tabs work", async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const one = await rp.authorize(agent)
    const two = await rp.authorize(agent)
    const token = two.at.loginForm.querySelector('[name="_csrf"]').getAttribute('value')
    const mixed = await agent.submit(one.at, one.at.loginForm, { _csrf: token, email: ada.email, password: ada.password })
    assert.equal(mixed.kind, 'page', String(mixed))
    const first = await agent.signIn(await agent.open(one.at.url, { crossSite: false }), ada)
    assert.equal(first.kind, 'callback', String(first))
    const second = await agent.signIn(two.at, ada)
    assert.ok(second.kind === 'callback' || second.status === 400, `works or is explained: ${second}`)
  })

  test('nothing changes state on GET', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { at } = await rp.authorize(agent)
    for (const action of ['login', 'confirm', 'abort']) {
      const answer = await agent.raw(`${at.url.split('?')[0]}/${action}`)
      assert.ok([404, 405].includes(answer.status), String(answer))
    }
    const { end_session_endpoint: end } = await rp.metadata()
    await rp.signIn(agent, ada)
    const answer = await agent.raw(`${end}/confirm?logout=yes`)
    assert.ok([404, 405].includes(answer.status), String(answer))
    await rp.code(agent, { prompt: 'none' })
  })

  test('logging somebody out takes their own page', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    await rp.signIn(agent, ada)
    const page = await rp.endSession(agent)
    for (const xsrf of ['', 'f'.repeat(48)]) {
      const answer = await agent.submit(page, page.logoutForm, { xsrf })
      assert.equal(answer.kind, 'page', String(answer))
      assert.ok([400, 403].includes(answer.status), String(answer))
    }
    await rp.code(agent, { prompt: 'none' })
  })
})

describe('8. used twice in parallel, exactly once', () => {
  test('a code', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    await rp.signIn(agent, ada)
    for (let round = 0; round < 3; round++) {
      const flow = await rp.code(agent)
      const answers = await Promise.all(Array.from({ length: 6 }, () => rp.redeem(flow)))
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, answers.join('\n'))
    }
  })

  test('a finished interaction', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { at } = await rp.authorize(agent)
    const fields = { _csrf: at.field('_csrf').getAttribute('value'), email: ada.email, password: ada.password }
    const action = new URL(at.loginForm.getAttribute('action') ?? '', at.url).href
    const posted = await agent.raw(action, { method: 'POST', fields, referrerPolicy: at.headers['referrer-policy'] })
    assert.ok([302, 303].includes(posted.status), String(posted))
    const resume = new URL(posted.headers.location, at.url).href
    const ends = await Promise.all(Array.from({ length: 5 }, () => agent.clone().open(resume, { crossSite: false })))
    // Repeating the same request gives the same answer.
    assert.equal(new Set(ends.map((end) => end.params?.code)).size, 1, ends.join('\n'))
    assert.ok(ends[0].params.code, String(ends[0]))
    const late = await agent.clone().open(`${resume}?again`, { crossSite: false })
    assert.ok(late.kind === 'page' && late.status === 400, String(late))
  })
})

describe('9. who exists here', () => {
  /** The page without what differs each time: address, uid, CSRF token and nonce. */
  const words = (page, email) =>
    page.response.body
      .replaceAll(email, '(address)')
      .replaceAll(/interaction([/=])[\w-]+/g, 'interaction$1(uid)')
      .replaceAll(/name="_csrf" value="[^"]*"|value="[^"]*" name="_csrf"/g, '(csrf)')
      .replaceAll(/nonce="[^"]*"|nonce-[\w+/=-]+/g, '(nonce)')

  async function attempt(email, password) {
    const rp = relyingParty()
    const agent = rp.agent()
    const { at } = await rp.authorize(agent)
    return agent.signIn(at, { email }, password)
  }

  test('unknown, wrong password, inactive and locked look the same', async () => {
    for (let failure = 0; failure < 6; failure++) await attempt('dora@demo.example', 'wrong-password')
    const seen = []
    for (const email of ['nobody-at-all@demo.example', ada.email, 'eve@demo.example', 'dora@demo.example']) {
      const page = await attempt(email, 'wrong-password')
      assert.ok(page.isLogin && page.flashError, String(page))
      seen.push({ email, status: page.status, words: words(page, email) })
    }
    for (const { email, status, words: text } of seen) {
      assert.equal(status, 200, email)
      assert.equal(text, seen[0].words, email)
    }
  })

  test('a locked and an inactive person do not get in with the right password', async () => {
    for (const person of [user('dora'), user('eve')]) {
      const at = await attempt(person.email, person.password)
      assert.ok(at.kind === 'page' && at.isLogin, String(at))
    }
  })

  test('addresses are compared without regard to case and blanks', async () => {
    const at = await attempt(`  ${ada.email.toUpperCase()} `, ada.password)
    assert.equal(at.kind, 'callback', String(at))
  })
})

describe('10. limits', () => {
  test('login: ten attempts for an address and an account, then 429 until later, also after a restart', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const email = 'somebody-unknown@demo.example'
    let { at } = await rp.authorize(agent)
    for (let attempt = 1; attempt <= 10; attempt++) {
      // This server trusts no proxy, so a forged X-Forwarded-For must have no effect.
      agent.raw = forwarding(agent, `203.0.113.${attempt}`)
      // Repeating the same password would not count as another guess (decision 0044).
      at = await agent.signIn(at, { email }, `wrong-password-${attempt}`)
      assert.equal(at.status, 200, `attempt ${attempt}: ${at}`)
    }
    at = await agent.signIn(at, { email }, 'wrong-password')
    assertLimited(at)

    await porta.restart()
    const later = await rp.authorize(agent)
    assertLimited(await agent.signIn(later.at, { email }, 'wrong-password'))

    const fine = await rp.authorize(agent, {}, { person: ben })
    assert.equal(fine.at.kind, 'callback', `somebody else at the same address still gets in: ${fine.at}`)
  })

  function assertLimited(at) {
    assert.equal(at.status, 429, String(at))
    const seconds = Number(at.headers['retry-after'])
    assert.ok(Number.isInteger(seconds) && seconds > 0 && seconds <= 900, `Retry-After: ${at.headers['retry-after']}`)
    assert.ok(at.isHtml && at.flashError, 'and the page says why')
  }

  function forwarding(agent, address) {
    const raw = Object.getPrototypeOf(agent).raw
    return (target, options = {}) =>
      raw.call(agent, target, { ...options, headers: { 'x-forwarded-for': address, ...options.headers } })
  }

  for (const [what, path, fields] of [
    ['token', 'token_endpoint', { grant_type: 'client_credentials' }],
    ['introspection', 'introspection_endpoint', { token: 'x' }],
  ]) {
    test(`${what} endpoint: wrong secrets run into a wall, others do not`, async () => {
      const rp = relyingParty('e2e-second')
      const url = (await rp.metadata())[path]
      const wrong = { headers: { authorization: basic(rp.client.id, 'wrong') } }
      let limited
      for (let attempt = 1; attempt <= 150 && !limited; attempt++) {
        const answer = await rp.post(url, fields, wrong)
        if (answer.status === 429) limited = answer
        else assert.equal(answer.status, 401, String(answer))
      }
      assert.ok(limited, 'limited in the end')
      assert.ok(Number(limited.headers['retry-after']) > 0, 'Retry-After')
      assert.equal(limited.contentType, 'application/json')
      assert.equal(limited.json().error, 'rate_limit_exceeded', String(limited))
      assert.ok(limited.json().retry_after > 0)

      const elsewhere = relyingParty('e2e-second')
      assert.equal((await elsewhere.token({ grant_type: 'client_credentials' })).status, 200, 'another address is free')
      const { options } = rp
      const neighbour = new Rp(rp.issuer, client('e2e-rs256'), options)
      assert.equal((await neighbour.token({ grant_type: 'client_credentials' })).status, 200, 'another client is free')
    })
  }
})

describe('11. logout', () => {
  test('a page, a confirmation, a way back with state, and every token of the session is dead', async () => {
    const first = relyingParty('e2e-es256')
    const second = relyingParty('e2e-second')
    const agent = first.agent()
    const one = await first.signIn(agent, ada)
    const two = await second.signIn(agent, null, { scope: 'openid email' })
    const waiting = await second.code(agent, { prompt: 'none' })

    const page = await first.endSession(agent, {
      id_token_hint: one.tokens.id_token,
      post_logout_redirect_uri: first.client.postLogoutRedirectUri,
      state: 'a state & more',
    })
    assert.ok(page.logoutForm, `a hint does not skip the question: ${page}`)
    assert.equal(await first.isActive(one.tokens.access_token), true, 'nothing happened yet')
    const at = await agent.logOut(page)
    assert.equal(at.kind, 'callback', String(at))
    assert.deepEqual(at.params, { state: 'a state & more' })

    for (const [rp, tokens] of [[first, one.tokens], [second, two.tokens]]) {
      assert.equal(await rp.isActive(tokens.access_token), false)
      assert.equal(await rp.isActive(tokens.refresh_token), false)
      assert.equal((await rp.userinfo(tokens.access_token)).status, 401)
      assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
    }
    assertTokenError(await second.redeem(waiting), 'invalid_grant')
    const again = await second.authorize(agent, { prompt: 'none' })
    assert.equal(again.at.params?.error, 'login_required')
  })

  test('the old session cookie is worth nothing afterwards', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { tokens } = await rp.signIn(agent, ada)
    const before = agent.clone()
    await agent.logOut(await rp.endSession(agent, { id_token_hint: tokens.id_token }))
    const { at } = await rp.authorize(before, { prompt: 'none' })
    assert.equal(at.params?.error, 'login_required', String(at))
  })

  test('by POST as well', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { tokens } = await rp.signIn(agent, ada)
    const page = await rp.endSession(
      agent,
      { id_token_hint: tokens.id_token, post_logout_redirect_uri: rp.client.postLogoutRedirectUri, state: 's' },
      { method: 'POST' },
    )
    const at = await agent.logOut(page)
    assert.equal(at.kind, 'callback', String(at))
    assert.deepEqual(at.params, { state: 's' })
  })

  test('a hint that cannot be verified keeps nobody signed in, and leads to registered addresses only', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { tokens } = await rp.signIn(agent, ada)
    const hint = `${tokens.id_token.split('.').slice(0, 2).join('.')}.`
    const back = { id_token_hint: hint, post_logout_redirect_uri: rp.client.postLogoutRedirectUri, state: 's' }
    const nameless = await rp.endSession(agent, back)
    assert.equal(nameless.status, 400, `an audience nobody proved names no client: ${nameless}`)
    const evil = { ...back, client_id: rp.client.id, post_logout_redirect_uri: 'https://rp.example.test/elsewhere' }
    assert.equal((await rp.endSession(agent, evil)).status, 400)
    assert.equal(await rp.isActive(tokens.access_token), true)

    const page = await rp.endSession(agent, { ...back, client_id: rp.client.id })
    assert.ok(page.logoutForm, `the person is asked: ${page}`)
    assert.equal(await rp.isActive(tokens.access_token), true, 'nothing happened yet')
    const at = await agent.logOut(page)
    assert.equal(at.kind, 'callback', String(at))
    assert.deepEqual(at.params, { state: 's' })
    assert.equal(await rp.isActive(tokens.access_token), false)
  })

  test("signing in does not keep somebody's earlier session id", async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    await rp.authorize(agent)
    const planted = new Set(agent.cookies.list().map(({ value }) => value))
    const page = (await rp.authorize(agent)).at
    await agent.signIn(page, ada)
    const session = agent.cookies.list().filter(({ path }) => path === '/demo' || path === '/demo/')
    assert.ok(session.length > 0, 'a session cookie for the tenant')
    const thief = rp.agent()
    const other = await rp.authorize(thief, { prompt: 'none' })
    assert.equal(other.at.params?.error, 'login_required')
    assert.ok(session.some(({ value }) => !planted.has(value)), 'the session is new with the sign-in')
  })
})

describe('12. an operator takes it away', () => {
  async function assertDead(rp, tokens, { whole = false } = {}) {
    const introspection = await rp.introspect(tokens.access_token)
    if (introspection.status === 200) assert.equal(introspection.json().active, false)
    else assert.ok(whole && [401, 403].includes(introspection.status), String(introspection))
    const refreshed = await rp.refresh(tokens.refresh_token)
    assert.ok([400, 401, 403].includes(refreshed.status), `refresh is refused: ${refreshed}`)
    assert.equal(refreshed.json().access_token, undefined)
    const info = await rp.userinfo(tokens.access_token)
    assert.ok([401, 403].includes(info.status), String(info))
  }

  test('a person: within a second nothing works, and activating brings back the person, not the tokens', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const cleo = user('cleo')
    const { tokens } = await rp.signIn(agent, cleo)
    const waiting = await rp.code(agent, { prompt: 'none' })

    await porta.cli('user', 'suspend', cleo.email, '--org', 'demo', '--direct', '--force')
    await sleep(1000)
    await assertDead(rp, tokens)
    assertTokenError(await rp.redeem(waiting), 'invalid_grant')
    const silent = await rp.authorize(agent, { prompt: 'none' })
    assert.equal(silent.at.params?.error, 'login_required', String(silent.at))
    const fresh = await rp.authorize(rp.agent(), {}, { person: cleo })
    assert.ok(fresh.at.kind === 'page' && fresh.at.isLogin, String(fresh.at))

    await porta.cli('user', 'activate', cleo.email, '--org', 'demo', '--direct', '--force')
    await sleep(1000)
    await assertDead(rp, tokens)
    await rp.signIn(rp.agent(), cleo)
  })

  test('a client', async () => {
    const rp = relyingParty('e2e-suspended')
    const judge = relyingParty('e2e-es256')
    const agent = rp.agent()
    const { tokens } = await rp.signIn(agent, ada)

    await porta.cli('client', 'suspend', rp.client.id, '--direct', '--force')
    await sleep(1000)
    assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_client', 401)
    assertTokenError(await rp.token({ grant_type: 'client_credentials' }), 'invalid_client', 401)
    assert.equal((await rp.userinfo(tokens.access_token)).status, 401)
    assert.deepEqual((await judge.introspect(tokens.access_token)).json(), { active: false })
    assertErrorPage((await rp.authorize(agent)).at)

    await porta.cli('client', 'activate', rp.client.id, '--direct', '--force')
    await sleep(1000)
    await rp.signIn(rp.agent(), ada)
  })

  test('an organization', async () => {
    const rp = relyingParty('e2e-gamma')
    const agent = rp.agent()
    const gil = user('gil', 'gamma')
    const { tokens } = await rp.signIn(agent, gil)
    const page = (await rp.authorize(rp.agent())).at

    await porta.cli('org', 'suspend', 'gamma', '--direct', '--force')
    await sleep(1000)
    await assertDead(rp, tokens, { whole: true })
    const asked = await rp.authorize(agent)
    assert.ok(asked.at.kind === 'page' && asked.at.status === 403, String(asked.at))
    const late = await rp.agent().submit(page, page.loginForm, { email: gil.email, password: gil.password })
    assert.ok(late.kind === 'page' && [400, 403].includes(late.status), String(late))
    const others = relyingParty()
    await others.signIn(others.agent(), ada)

    await porta.cli('org', 'activate', 'gamma', '--direct', '--force')
    await sleep(1000)
    await rp.signIn(rp.agent(), gil)
  })
})

describe('13. pages', () => {
  test('headers: nothing is stored, framed, sniffed or told to others, and no script is inline', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const login = (await rp.authorize(agent)).at
    const error = (await rp.authorize(agent, { client_id: 'nobody' })).at
    await agent.signIn(login, ada)
    const logout = await rp.endSession(agent)
    for (const page of [login, error, logout]) {
      const { headers } = page
      assert.match(headers['cache-control'] ?? '', /no-store/, page.url)
      assert.equal(headers['referrer-policy'], 'no-referrer', page.url)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['x-frame-options'], 'DENY')
      assert.ok(headers['x-request-id'])
      const policy = headers['content-security-policy'] ?? ''
      assert.match(policy, /default-src 'none'/)
      assert.match(policy, /frame-ancestors 'none'/)
      const scripts = /script-src([^;]*)/.exec(policy)?.[1] ?? ''
      assert.ok(!/'unsafe-inline'|'unsafe-eval'/.test(scripts), policy)
      assert.equal(page.root.querySelector('html').getAttribute('lang'), 'en')
      for (const element of page.root.querySelectorAll('*')) {
        for (const name of Object.keys(element.attributes)) assert.ok(!/^on/i.test(name), `${name} on ${page.url}`)
      }
    }
    assert.equal(login.field('email').getAttribute('id'), 'email')
    assert.equal(login.field('password').getAttribute('id'), 'password')
    for (const id of ['email', 'password']) assert.ok(login.root.querySelector(`label[for="${id}"]`), `a label for ${id}`)
  })

  test('what a stranger typed is shown as text', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    const { at } = await rp.authorize(agent, { login_hint: evil, ui_locales: evil, state: evil })
    assert.equal(at.root.querySelectorAll('img[onerror]').length, 0)
    assert.ok(!at.response.body.includes('<script>alert(1)'))
    const again = await agent.signIn(at, { email: evil }, 'x')
    assert.ok(!again.response.body.includes('<script>alert(1)'))
    const unknown = await rp.authorize(agent, { client_id: evil })
    assert.ok(!unknown.at.response.body.includes('<script>alert(1)'))
    const denied = await rp.authorize(agent, { prompt: 'none', response_mode: 'form_post', state: evil })
    assert.equal(denied.at.params.state, evil, 'state survives every character')
    assert.ok(!denied.at.page.response.body.includes('<script>alert(1)'))
  })
})

describe('14. browsers of other origins', () => {
  test('CORS: documents are public, tokens are for registered origins', async () => {
    const rp = relyingParty('e2e-spa')
    const { jwks_uri: jwks, token_endpoint: endpoint } = await rp.metadata()
    const open = await rp.get(jwks, { headers: { origin: 'https://anybody.example' } })
    assert.ok(['*', 'https://anybody.example'].includes(open.headers['access-control-allow-origin']))
    const fields = { grant_type: 'refresh_token', refresh_token: 'x', client_id: rp.client.id }
    const own = await rp.post(endpoint, fields, { headers: { origin: 'https://rp.example.test' } })
    assert.equal(own.headers['access-control-allow-origin'], 'https://rp.example.test', String(own))
    assert.match(own.headers.vary ?? '', /origin/i)
    const foreign = await rp.post(endpoint, fields, { headers: { origin: 'https://evil.example' } })
    assert.equal(foreign.headers['access-control-allow-origin'], undefined, String(foreign))
    for (const answer of [open, own, foreign]) {
      assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    }
  })
})

describe('15. signing keys', () => {
  test('rotate without a restart: published before use, and old tokens keep verifying', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const { pid } = porta
    const old = await rp.signIn(agent, ada)
    const { kid } = decodeProtectedHeader(old.tokens.id_token)
    const before = (await rp.jwks({ fresh: true })).keys.map((key) => key.kid)
    assert.ok(before.includes(kid))

    await porta.cli('keys', 'rotate', '--org', 'demo', '--direct', '--force')
    let current = kid
    await eventually('a new key signs', async () => {
      const published = (await rp.jwks({ fresh: true })).keys.map((key) => key.kid)
      const flow = await rp.signIn(agent, null)
      current = decodeProtectedHeader(flow.tokens.id_token).kid
      assert.ok(published.includes(current), 'published before it signs')
      await rp.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })
      return current !== kid
    }, { seconds: 120, every: 5000 })

    await rp.jwks({ fresh: true })
    await rp.verifyIdToken(old.tokens.id_token, { nonce: old.nonce })
    const hinted = await rp.code(agent, { prompt: 'none', id_token_hint: old.tokens.id_token })
    assert.deepEqual(hinted.asked, [], 'an ID token of the old key is still a good hint')
    assert.equal((await rp.refresh(old.tokens.refresh_token)).status, 200)
    const beta = relyingParty('e2e-beta')
    await beta.signIn(beta.agent(), user('ada', 'beta'))
    assert.equal(porta.pid, pid, 'the same process')
  })
})

describe('secrets', () => {
  test('nothing of the above is in the log', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const flow = await rp.code(agent, {}, { person: ada })
    const tokens = await rp.tokens(flow)
    const refreshed = (await rp.refresh(tokens.refresh_token)).json()
    await rp.userinfo(tokens.access_token)
    await rp.introspect(tokens.access_token)
    await agent.signIn((await rp.authorize(agent, { prompt: 'login' })).at, ada, 'a-wrong-password-8271')
    const secrets = {
      code: flow.code,
      verifier: flow.verifier,
      'access token': tokens.access_token,
      'refresh token': tokens.refresh_token,
      'second refresh token': refreshed.refresh_token,
      'ID token': tokens.id_token,
      password: ada.password,
      'wrong password': 'a-wrong-password-8271',
      'client secret': rp.client.secret,
      'basic credentials': basic(rp.client.id, rp.client.secret).split(' ')[1],
    }
    for (const cookie of agent.cookies.list()) secrets[`cookie ${cookie.name}`] = cookie.value
    await sleep(500)
    const { logged } = porta
    assert.ok(logged.length > 1000, 'the server logs')
    for (const [name, value] of Object.entries(secrets)) {
      if (value.length >= 16) assert.ok(!logged.includes(value), `${name} is in the log`)
    }
    for (const flag of [tokens.access_token, tokens.refresh_token, flow.code]) {
      assert.match(flag, /^porta_[a-z]+_/, 'a prefix by which scanners find leaked ones')
    }
  })
})
