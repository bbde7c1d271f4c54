// Basic OP: oidcc-basic-certification-test-plan. The Form Post OP plan runs the same modules with `form_post`.

import assert from 'node:assert/strict'
import { sleep } from '../lib/porta.mjs'
import { random } from '../lib/rp.mjs'
import {
  checkCallback, checkErrorCallback, checkErrorPage, checkIdToken, checkTokenError, checkTokenResponse, checkUserInfo,
} from './checks.mjs'

const SAME = { login: ['login'], nothing: [] }

/** A second authorization in the same browser uses the same sign-in and shows no page. */
async function sameSignInTwice(op, first, second) {
  const before = await op.succeed(first)
  assert.deepEqual(before.asked, SAME.login)
  const after = await op.succeed(typeof second === 'function' ? second(before) : second)
  assert.deepEqual(after.asked, SAME.nothing, 'nobody is asked again')
  assert.equal(after.idToken.sub, before.idToken.sub)
  assert.equal(after.idToken.auth_time, before.idToken.auth_time, 'auth_time is that of the first sign-in')
  assert.notEqual(after.code, before.code)
  assert.notEqual(after.tokens.id_token, before.tokens.id_token)
}

/** A second authorization that has to ask for the password again. */
async function signInTwice(op, extra, wait) {
  const before = await op.succeed()
  await sleep(wait)
  const again = await op.authorize(extra, { person: null })
  assert.equal(again.at.kind, 'page', String(again.at))
  assert.ok(again.at.isLogin, `a second login page: ${again.at}`)
  op.keep(again.at)
  const after = await op.succeed(extra)
  assert.deepEqual(after.asked, SAME.login)
  assert.equal(after.idToken.sub, before.idToken.sub)
  assert.ok(after.idToken.auth_time > before.idToken.auth_time, 'auth_time is later')
  assert.ok(Math.abs(Date.now() / 1000 - after.idToken.auth_time) < 30, 'auth_time is recent')
}

async function scopes(op, scope) {
  const { scopes_supported: supported } = await op.rp.metadata()
  for (const one of scope.split(' ')) assert.ok(supported.includes(one), `scopes_supported has ${one}`)
  const { tokens } = await op.succeed({ scope })
  if (tokens.scope !== undefined) assert.deepEqual(new Set(tokens.scope.split(' ')), new Set(scope.split(' ')))
}

/** Requests UserInfo by the method that `ask` implements. */
async function userInfo(op, ask) {
  const { tokens, idToken, params } = await op.succeed()
  const { userinfo_endpoint: url } = await op.rp.metadata()
  const response = await ask(url, tokens.access_token)
  checkUserInfo(response, { sub: idToken.sub, scope: params.scope, person: op.person })
}

async function reuse(op, wait) {
  const flow = await op.succeed()
  await sleep(wait)
  checkTokenError(await op.rp.redeem(flow), 'invalid_grant')
  // RFC 6749 §4.1.2: the tokens issued for the code are revoked.
  const answer = await op.rp.userinfo(flow.tokens.access_token)
  assert.equal(answer.status, 401, `the access token died with the code: ${answer}`)
  if (flow.tokens.refresh_token) checkTokenError(await op.rp.refresh(flow.tokens.refresh_token), 'invalid_grant')
}

/** A request object signed with `alg: none` (OpenID Connect Core §6.1). */
function unsigned(claims) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode({ alg: 'none' })}.${encode(claims)}.`
}

async function requestObject(op, outer) {
  const { params } = await op.rp.authorization({ response_mode: op.responseMode }, { pkce: false })
  const inside = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined))
  const request = unsigned({ ...inside, iss: op.rp.client.id, aud: op.issuer, exp: Math.floor(Date.now() / 1000) + 300 })
  return { inside, flow: await op.authorize({ ...outer(inside), request }) }
}

/**
 * The provider either uses the object or refuses the request, but must not ignore the object. The refusal uses the
 * response mode and state of the request even if only the refused object has them: the suite accepts no other response.
 */
async function supportedOrRefused(op, { inside, flow }) {
  const { request_parameter_supported: supported = false } = await op.rp.metadata()
  if (supported) {
    checkCallback({ ...flow, state: inside.state, redirectUri: inside.redirect_uri }, op.delivery)
    const tokens = checkTokenResponse(await op.rp.redeem({ ...flow, code: flow.at.params.code }))
    await checkIdToken(op.rp, tokens, { params: inside })
  } else {
    checkErrorCallback(flow, ['request_not_supported'], { ...op.delivery, state: inside.state })
  }
}

export const basic = {
  async 'oidcc-server'(op) {
    const { tokens, idToken } = await op.succeed()
    const { grant_types_supported: grants, id_token_signing_alg_values_supported: algs } = await op.rp.metadata()
    assert.ok(grants.includes('authorization_code'))
    assert.ok(algs.includes('RS256'), 'RS256 is available (OpenID Connect Core §15.1)')
    assert.equal(tokens.expires_in, 3600, 'the whole lifetime')
    assert.ok(idToken.sub)
  },

  async 'oidcc-response-type-missing'(op) {
    const flow = await op.authorize({ response_type: undefined }, { person: null })
    checkErrorCallback(flow, ['invalid_request', 'unsupported_response_type'], op.delivery)
  },

  'oidcc-userinfo-get': (op) =>
    userInfo(op, (url, token) => op.rp.get(url, { headers: { authorization: `Bearer ${token}` } })),

  'oidcc-userinfo-post-header': (op) =>
    userInfo(op, (url, token) => op.rp.get(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } })),

  'oidcc-userinfo-post-body': (op) => userInfo(op, (url, token) => op.rp.post(url, { access_token: token })),

  async 'oidcc-ensure-request-without-nonce-succeeds-for-code-flow'(op) {
    const { idToken } = await op.succeed({ nonce: undefined })
    assert.equal(idToken.nonce, undefined)
  },

  'oidcc-scope-profile': (op) => scopes(op, 'openid profile'),
  'oidcc-scope-email': (op) => scopes(op, 'openid email'),
  'oidcc-scope-address': (op) => scopes(op, 'openid address'),
  'oidcc-scope-phone': (op) => scopes(op, 'openid phone'),
  'oidcc-scope-all': (op) => scopes(op, 'openid email phone address profile'),

  async 'oidcc-ensure-other-scope-order-succeeds'(op) {
    await op.succeed({ scope: 'email openid' })
    await op.succeed({ scope: 'profile email openid' })
  },

  async 'oidcc-alternate-happy-flow'(op) {
    const reversed = (pairs) => [...pairs].reverse()
    const { url, params, userInfo } = await op.succeed({ scope: 'email openid' }, { order: reversed })
    const sent = [...new URL(url).searchParams.keys()]
    assert.equal(sent.at(-1), 'client_id', `in another order than usual: ${sent}`)
    assert.equal(params.scope, 'email openid')
    assert.equal(userInfo.email, op.person.email)
  },

  'oidcc-display-page': (op) => op.succeed({ display: 'page' }),
  'oidcc-display-popup': (op) => op.succeed({ display: 'popup' }),

  'oidcc-prompt-login': (op) => signInTwice(op, { prompt: 'login' }, 1100),

  async 'oidcc-prompt-none-not-logged-in'(op) {
    // A long state shows whether it is truncated.
    const flow = await op.authorize({ prompt: 'none', state: random(96) }, { person: null })
    assert.equal(flow.state.length, 128)
    checkErrorCallback(flow, ['login_required'], op.delivery)
  },

  'oidcc-prompt-none-logged-in': (op) => sameSignInTwice(op, {}, { prompt: 'none' }),

  'oidcc-max-age-1': (op) => signInTwice(op, { max_age: '1' }, 2100),

  'oidcc-max-age-10000': (op) => sameSignInTwice(op, { max_age: '15000' }, { max_age: '10000' }),

  'oidcc-ensure-request-with-unknown-parameter-succeeds': (op) => op.succeed({ extra: 'foobar' }),

  'oidcc-id-token-hint': (op) =>
    sameSignInTwice(op, {}, (before) => ({ prompt: 'none', id_token_hint: before.tokens.id_token })),

  async 'oidcc-login-hint'(op) {
    const { at } = await op.authorize({ login_hint: op.person.email }, { person: null })
    assert.ok(at.isLogin, String(at))
    assert.equal(at.field('email').getAttribute('value'), op.person.email, 'the hint is typed in already')
    await op.succeed({ login_hint: 'buffy@slayers.example' })
  },

  'oidcc-ui-locales': (op) => op.succeed({ ui_locales: 'se' }),
  'oidcc-claims-locales': (op) => op.succeed({ claims_locales: 'se' }),
  'oidcc-ensure-request-with-acr-values-succeeds': (op) => op.succeed({ acr_values: '1 2' }),

  'oidcc-codereuse': (op) => reuse(op, 0),
  'oidcc-codereuse-30seconds': (op) => reuse(op, 30_000),

  async 'oidcc-ensure-registered-redirect-uri'(op) {
    const registered = op.rp.client.redirectUri
    const wrong = [`${registered}/${random(8)}`, registered.replace('https:', 'http:')]
    for (const redirectUri of wrong) {
      const { at } = await op.authorize({ redirect_uri: redirectUri }, { person: null })
      checkErrorPage(at)
      op.keep(at)
    }
  },

  'oidcc-ensure-post-request-succeeds': (op) => op.succeed({}, { method: 'POST' }),

  async 'oidcc-server-client-secret-post'(op) {
    const { token_endpoint_auth_methods_supported: methods } = await op.rp.metadata()
    assert.ok(methods.includes('client_secret_post') && methods.includes('client_secret_basic'))
    await op.succeed({}, { rp: op.relyingParty('e2e-conformance-post') })
  },

  async 'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported'(op) {
    // First with all parameters in both places, then with only those outside that OAuth requires there.
    await supportedOrRefused(op, await requestObject(op, (inside) => inside))
    await supportedOrRefused(op, await requestObject(op, () => ({
      redirect_uri: undefined, state: undefined, nonce: undefined, response_mode: undefined,
    })))
  },

  async 'oidcc-claims-essential'(op) {
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
    const { claims_parameter_supported: supported = false } = await op.rp.metadata()
    const flow = await op.authorize({ claims })
    checkCallback(flow, op.delivery)
    const tokens = checkTokenResponse(await op.rp.redeem({ ...flow, code: flow.at.params.code }))
    const idToken = await checkIdToken(op.rp, tokens, { params: flow.params })
    const answer = await op.rp.userinfo(tokens.access_token)
    assert.equal(answer.status, 200, String(answer))
    assert.equal(answer.json().sub, idToken.sub)
    assert.equal('name' in answer.json(), supported, `claims_parameter_supported is ${supported}, so is the name`)
  },

  async 'oidcc-ensure-request-object-with-redirect-uri'(op) {
    // The redirect URI outside the object is not registered, the one inside is.
    const wrong = (inside) => ({ ...inside, redirect_uri: `${inside.redirect_uri}/${random(8)}` })
    const both = await requestObject(op, wrong)
    const { request_parameter_supported: supported = false } = await op.rp.metadata()
    if (supported) {
      await supportedOrRefused(op, both)
    } else {
      checkErrorPage(both.flow.at)
      op.keep(both.flow.at)
    }
  },

  async 'oidcc-refresh-token'(op) {
    const { grant_types_supported: grants } = await op.rp.metadata()
    assert.ok(grants.includes('refresh_token'))

    async function obtain(rp, agent, scope) {
      const asked = { scope: 'openid offline_access', prompt: 'consent', nonce: random(33) }
      const flow = await op.succeed(asked, { rp, agent })
      assert.ok(flow.tokens.refresh_token, 'offline_access with prompt=consent gives a refresh token')
      await sleep(1100)
      const tokens = checkTokenResponse(await rp.refresh(flow.tokens.refresh_token, scope ? { scope: asked.scope } : {}))
      assert.notEqual(tokens.access_token, flow.tokens.access_token)
      const second = await checkIdToken(rp, tokens, { params: flow.params, refreshed: true })
      // OpenID Connect Core §12.2
      for (const name of ['iss', 'sub', 'aud', 'auth_time']) {
        assert.deepEqual(second[name], flow.idToken[name], `${name} is that of the first ID token`)
      }
      assert.ok(second.iat > flow.idToken.iat, 'iat is the time of the new one')
      checkUserInfo(await rp.userinfo(tokens.access_token), { sub: second.sub, scope: asked.scope, person: op.person })
      return tokens.refresh_token ?? flow.tokens.refresh_token
    }

    const other = op.relyingParty('e2e-conformance-2')
    await obtain(op.rp, op.agent, true)
    const theirs = await obtain(other, other.agent(), false)
    checkTokenError(await op.rp.refresh(theirs), 'invalid_grant')
  },

  'oidcc-ensure-request-with-valid-pkce-succeeds': (op) => op.succeed({}, { pkce: true }),
}
