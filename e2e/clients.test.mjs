// Two widely used client libraries, unmodified, against a real server over HTTP: openid-client 6 and oauth4webapi 3.
// jose also verifies every ID token independently.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { Agent } from './lib/agent.mjs'
import { claimsOf, client, user } from './lib/fixtures.mjs'
import { request } from './lib/http.mjs'
import { Porta } from './lib/porta.mjs'
import { Rp } from './lib/rp.mjs'

const ada = user('ada')
let porta

before(async () => {
  porta = await Porta.start({ name: 'clients' })
})
after(() => porta?.end())

/** Takes a browser from an authorization URL to the callback; signs in and approves consent if asked. */
async function walk(agent, url, person = ada) {
  let at = await agent.open(url)
  if (at.kind === 'page' && at.isLogin) at = await agent.signIn(at, person)
  if (at.kind === 'page' && at.isConsent) at = await agent.decide(at, 'approve')
  assert.equal(at.kind, 'callback', String(at))
  return new URL(at.url)
}

/** Verifies an ID token with jose only. */
async function verify(idToken, about, nonce) {
  assert.equal(typeof idToken, 'string', 'an ID token')
  const { payload } = await new Rp(porta.issuer(about.organization), about).verifyIdToken(idToken, { nonce })
  return payload
}

async function assertLoggedOut(agent, about) {
  const rp = new Rp(porta.issuer(about.organization), about)
  const { at } = await rp.authorize(agent, { prompt: 'none' })
  assert.equal(at.kind, 'callback', String(at))
  assert.equal(at.params.error, 'login_required', String(at))
}

describe('openid-client', () => {
  function authentication(about) {
    switch (about.auth) {
      case 'client_secret_basic': return openid.ClientSecretBasic(about.secret)
      case 'client_secret_post': return openid.ClientSecretPost(about.secret)
      default: return openid.None()
    }
  }

  function configure(about, metadata = {}, issuer = porta.issuer()) {
    return openid.discovery(
      new URL(issuer),
      about.id,
      { id_token_signed_response_alg: about.alg, ...metadata },
      authentication(about),
      { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
    )
  }

  async function signIn(config, about, { agent = new Agent(), scope = 'openid profile email', extra = {}, pkce = true, redirectUri = about.redirectUri } = {}) {
    const verifier = pkce ? openid.randomPKCECodeVerifier() : undefined
    const state = openid.randomState()
    const nonce = openid.randomNonce()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      ...(pkce
        ? { code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
        : {}),
      ...extra,
    })
    const callback = await walk(agent, url)
    const tokens = await openid.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    const claims = await verify(tokens.id_token, about, nonce)
    return { agent, tokens, claims, nonce }
  }

  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    test(`the life of a ${alg} client`, async (t) => {
      const about = client(`e2e-${alg.toLowerCase()}`)
      assert.equal(about.alg, alg)
      const config = await configure(about)
      let flow
      let tokens

      await t.test('discovery', () => {
        const server = config.serverMetadata()
        assert.equal(server.issuer, porta.issuer())
        assert.ok(server.id_token_signing_alg_values_supported.includes(alg), 'the algorithm is announced')
        assert.ok(server.supportsPKCE('S256'), 'PKCE S256 is announced')
      })

      await t.test('code with PKCE and nonce', async () => {
        flow = await signIn(config, about)
        tokens = flow.tokens
        assert.equal(tokens.token_type, 'bearer')
        assert.ok(tokens.expiresIn() > 0)
        assert.ok(tokens.refresh_token, 'a confidential web client always gets a refresh token')
        assert.equal(tokens.claims().sub, flow.claims.sub)
      })

      await t.test('UserInfo', async () => {
        const info = await openid.fetchUserInfo(config, tokens.access_token, flow.claims.sub)
        for (const [name, value] of Object.entries({ ...claimsOf('profile', ada), ...claimsOf('email', ada) })) {
          assert.deepEqual(info[name], value, name)
        }
        await assert.rejects(openid.fetchUserInfo(config, tokens.access_token, 'somebody-else'), 'sub is compared')
        await assert.rejects(openid.fetchUserInfo(config, `${tokens.access_token}x`, flow.claims.sub))
      })

      await t.test('introspection', async () => {
        const access = await openid.tokenIntrospection(config, tokens.access_token)
        assert.equal(access.active, true)
        assert.equal(access.sub, flow.claims.sub)
        assert.equal(access.client_id, about.id)
        assert.equal(access.iss, porta.issuer())
        assert.deepEqual(new Set(access.scope.split(' ')), new Set(['openid', 'profile', 'email']))
        const refresh = await openid.tokenIntrospection(config, tokens.refresh_token, { token_type_hint: 'refresh_token' })
        assert.equal(refresh.active, true)
        const nothing = await openid.tokenIntrospection(config, 'not-a-token')
        assert.deepEqual({ ...nothing }, { active: false }, 'an unknown token reveals nothing')
      })

      await t.test('refresh', async () => {
        const second = await openid.refreshTokenGrant(config, tokens.refresh_token)
        assert.notEqual(second.access_token, tokens.access_token)
        assert.ok(second.refresh_token)
        assert.notEqual(second.refresh_token, tokens.refresh_token, 'rotated')
        const claims = await verify(second.id_token, about)
        assert.equal(claims.sub, flow.claims.sub)
        assert.equal(claims.auth_time, flow.claims.auth_time, 'refreshing is not signing in')
        tokens = second
      })

      await t.test('client credentials', async () => {
        const machine = await openid.clientCredentialsGrant(config)
        assert.equal(machine.token_type, 'bearer')
        assert.equal(machine.refresh_token, undefined)
        assert.equal(machine.id_token, undefined)
        const state = await openid.tokenIntrospection(config, machine.access_token)
        assert.equal(state.active, true)
        assert.equal(state.client_id, about.id)
        await openid.tokenRevocation(config, machine.access_token)
        assert.equal((await openid.tokenIntrospection(config, machine.access_token)).active, false)
      })

      await t.test('RP-initiated logout', async () => {
        const state = openid.randomState()
        const url = openid.buildEndSessionUrl(config, {
          id_token_hint: tokens.id_token,
          post_logout_redirect_uri: about.postLogoutRedirectUri,
          state,
        })
        const at = await flow.agent.logOut(await flow.agent.open(url))
        assert.equal(at.kind, 'callback', String(at))
        assert.ok(at.url.startsWith(about.postLogoutRedirectUri))
        assert.deepEqual(at.params, { state })
        await assertLoggedOut(flow.agent, about)
        assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, false)
      })

      await t.test('revocation', async () => {
        const { tokens: others } = await signIn(config, about)
        await openid.tokenRevocation(config, others.refresh_token, { token_type_hint: 'refresh_token' })
        assert.equal((await openid.tokenIntrospection(config, others.refresh_token)).active, false)
        assert.equal((await openid.tokenIntrospection(config, others.access_token)).active, false, 'its grant ended')
        await openid.tokenRevocation(config, 'not-a-token')
        await assert.rejects(openid.refreshTokenGrant(config, others.refresh_token), { error: 'invalid_grant' })
      })
    })
  }

  for (const id of ['e2e-post', 'e2e-odd-secret']) {
    test(`a secret full of reserved characters: ${client(id).auth}`, async () => {
      const about = client(id)
      const config = await configure(about)
      const { tokens, claims } = await signIn(config, about)
      await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
      await openid.refreshTokenGrant(config, tokens.refresh_token)
      assert.equal((await openid.clientCredentialsGrant(config)).token_type, 'bearer')
      assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, true)
    })
  }

  test('client_secret_basic and client_secret_post are interchangeable', async () => {
    const about = client('e2e-second')
    const config = await configure({ ...about, auth: 'client_secret_post' })
    assert.equal((await openid.clientCredentialsGrant(config)).token_type, 'bearer')
    const other = client('e2e-post')
    assert.equal((await openid.clientCredentialsGrant(await configure({ ...other, auth: 'client_secret_basic' }))).token_type, 'bearer')
  })

  test('a wrong secret is invalid_client, whichever way it comes', async () => {
    for (const auth of ['client_secret_basic', 'client_secret_post']) {
      const config = await configure({ ...client('e2e-second'), auth, secret: `${client('e2e-second').secret}x` })
      await assert.rejects(openid.clientCredentialsGrant(config), (error) => {
        const code = error.error ?? error.cause?.[0]?.parameters?.error
        assert.equal(error.status ?? error.response?.status, 401, String(error))
        assert.ok(code === undefined || code === 'invalid_client', String(code))
        return true
      })
    }
  })

  test('a confidential client that is allowed to leave PKCE out', async () => {
    const about = client('e2e-no-pkce')
    const config = await configure(about)
    const { claims } = await signIn(config, about, { pkce: false })
    assert.ok(claims.sub)
    const { claims: withPkce } = await signIn(config, about, { pkce: true })
    assert.equal(withPkce.sub, claims.sub, 'and one that uses it nevertheless')
  })

  test('everyone else must use PKCE', async () => {
    const about = client('e2e-es256')
    const rp = new Rp(porta.issuer(), about)
    const { at } = await rp.authorize(new Agent(), {}, { pkce: false })
    assert.equal(at.kind, 'callback', String(at))
    assert.equal(at.params.error, 'invalid_request', String(at))
  })

  test('a public native client on a loopback port of its choice', async () => {
    const about = client('e2e-native')
    const config = await configure(about)
    const redirectUri = 'http://127.0.0.1:49152/callback'
    const agent = new Agent({ stopAt: ['http://127.0.0.1:49152/'] })
    const { tokens, claims } = await signIn(config, about, {
      agent,
      redirectUri,
      scope: 'openid email offline_access',
      extra: { prompt: 'consent' },
    })
    assert.ok(tokens.refresh_token, 'offline_access with prompt=consent gives a refresh token')
    const second = await openid.refreshTokenGrant(config, tokens.refresh_token)
    assert.equal((await verify(second.id_token, about)).sub, claims.sub)
    assert.equal((await openid.fetchUserInfo(config, second.access_token, claims.sub)).email, ada.email)
    await assert.rejects(openid.tokenIntrospection(config, second.access_token), 'who has no secret may not ask')

    // Any program on the machine can use this client_id, so a session alone is not enough (RFC 8252 §8.6).
    const rp = new Rp(porta.issuer(), { ...about, redirectUri })
    const silent = await rp.authorize(agent, { prompt: 'none' })
    assert.equal(silent.at.params.error, 'interaction_required', String(silent.at))
    const { at, asked } = await rp.authorize(agent)
    assert.deepEqual(asked, ['consent'], 'one button')
    assert.ok(at.params.code, String(at))
  })

  test('a public single-page client: no refresh token unless it asks', async () => {
    const about = client('e2e-spa')
    const config = await configure(about)
    const { agent, tokens } = await signIn(config, about)
    assert.equal(tokens.refresh_token, undefined)
    const { tokens: others } = await signIn(config, about, {
      agent,
      scope: 'openid offline_access',
      extra: { prompt: 'consent' },
    })
    assert.ok(others.refresh_token)
    await openid.refreshTokenGrant(config, others.refresh_token)
    // Browser libraries send this request by default.
    const { tokens: quiet } = await signIn(config, about, { agent, scope: 'openid offline_access' })
    assert.ok(quiet.refresh_token, 'a client of the organization needs no prompt')
    await openid.refreshTokenGrant(config, quiet.refresh_token)
  })

  test('a machine has client credentials and nothing else', async () => {
    const about = client('e2e-machine')
    const config = await configure(about)
    const tokens = await openid.clientCredentialsGrant(config)
    assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, true)
    const response = await new Rp(porta.issuer(), about).userinfo(tokens.access_token)
    assert.ok([401, 403].includes(response.status), `a machine is nobody at UserInfo: ${response}`)
  })

  test('UserInfo as a signed JWT', async () => {
    const about = client('e2e-userinfo-jwt')
    const config = await configure(about, { userinfo_signed_response_alg: 'RS256' })
    const { tokens, claims } = await signIn(config, about)
    const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
    assert.equal(info.email, ada.email)

    const rp = new Rp(porta.issuer(), about)
    const { userinfo_endpoint: url } = await rp.metadata()
    const raw = await request(url, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    assert.equal(raw.contentType, 'application/jwt')
    const { payload, protectedHeader } = await jose.jwtVerify(raw.body, jose.createLocalJWKSet(await rp.jwks()), {
      issuer: porta.issuer(),
      audience: about.id,
    })
    assert.equal(protectedHeader.alg, 'RS256')
    assert.equal(payload.sub, claims.sub)
  })

  test('a third party: consent is asked, remembered, and may be refused', async () => {
    const about = { ...client('e2e-third-party'), organization: 'demo' }
    const config = await configure(about)
    const agent = new Agent()
    const rp = new Rp(porta.issuer(), about)

    const refused = await rp.authorize(agent, { scope: 'openid profile email' }, { person: ada, decision: 'deny' })
    assert.deepEqual(refused.asked, ['login', 'consent'])
    assert.equal(refused.at.kind, 'callback', String(refused.at))
    assert.equal(refused.at.params.error, 'access_denied')
    assert.equal(refused.at.params.state, refused.state)

    const { tokens, claims } = await signIn(config, about, { agent })
    assert.equal((await openid.fetchUserInfo(config, tokens.access_token, claims.sub)).email, ada.email)

    const again = await rp.authorize(agent, { scope: 'openid profile email' })
    assert.deepEqual(again.asked, [], 'once given, consent is not asked again in this session')
    assert.equal(again.at.kind, 'callback', String(again.at))
    assert.ok(again.at.params.code)

    const forced = await rp.authorize(agent, { scope: 'openid profile email', prompt: 'consent' })
    assert.deepEqual(forced.asked, ['consent'], 'prompt=consent asks exactly once')
    assert.ok(forced.at.params.code, String(forced.at))
  })

  test('a third party nobody allowed here is refused', async () => {
    const rp = new Rp(porta.issuer(), { ...client('e2e-beta'), organization: 'demo' })
    const { at } = await rp.authorize(new Agent(), {}, { person: ada })
    assert.equal(at.kind, 'page', 'never a redirect')
    assert.equal(at.status, 400, String(at))
    assert.equal(at.loginForm, null)
  })
})

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }

  async function server() {
    const issuer = new URL(porta.issuer())
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oidc' }))
  }

  test('the authorization server metadata of RFC 8414, in both places', async () => {
    const issuer = new URL(porta.issuer())
    const inserted = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' })
    const as = await oauth.processDiscoveryResponse(issuer, inserted)
    assert.deepEqual(as, await server(), 'the same document as OpenID discovery')
    const appended = await request(`${porta.issuer()}/.well-known/oauth-authorization-server`)
    assert.deepEqual(appended.json(), as)
  })

  for (const [alg, post] of [['ES256', false], ['RS256', true], ['EdDSA', false]]) {
    const how = post ? 'client_secret_post' : 'client_secret_basic'
    test(`the whole protocol with ${alg} and ${how}`, async () => {
      const as = await server()
      const about = client(`e2e-${alg.toLowerCase()}`)
      const me = { client_id: about.id, id_token_signed_response_alg: alg }
      const authentication = post ? oauth.ClientSecretPost(about.secret) : oauth.ClientSecretBasic(about.secret)
      const agent = new Agent()

      // code + PKCE + nonce
      const verifier = oauth.generateRandomCodeVerifier()
      const state = oauth.generateRandomState()
      const nonce = oauth.generateRandomNonce()
      const url = new URL(as.authorization_endpoint)
      url.search = new URLSearchParams({
        client_id: about.id,
        redirect_uri: about.redirectUri,
        response_type: 'code',
        scope: 'openid profile email',
        state,
        nonce,
        max_age: '3600',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      const callback = await walk(agent, url)
      await assert.rejects(async () => oauth.validateAuthResponse(as, me, callback, 'another-state'))
      const params = oauth.validateAuthResponse(as, me, callback, state)
      const response = await oauth.authorizationCodeGrantRequest(
        as, me, authentication, params, about.redirectUri, verifier, insecure,
      )
      assert.equal(response.headers.get('cache-control'), 'no-store')
      const tokens = await oauth.processAuthorizationCodeResponse(as, me, response, {
        expectedNonce: nonce,
        maxAge: 3600,
        requireIdToken: true,
      })
      await oauth.validateApplicationLevelSignature(as, response, insecure)
      const claims = oauth.getValidatedIdTokenClaims(tokens)
      assert.deepEqual(await verify(tokens.id_token, about, nonce), claims)

      // UserInfo
      const info = await oauth.processUserInfoResponse(
        as, me, claims.sub, await oauth.userInfoRequest(as, me, tokens.access_token, insecure),
      )
      assert.equal(info.email, ada.email)

      // refresh
      const refreshed = await oauth.refreshTokenGrantRequest(as, me, authentication, tokens.refresh_token, insecure)
      const second = await oauth.processRefreshTokenResponse(as, me, refreshed)
      await oauth.validateApplicationLevelSignature(as, refreshed, insecure)
      assert.equal((await verify(second.id_token, about)).sub, claims.sub)
      assert.notEqual(second.refresh_token, tokens.refresh_token)

      // introspection and revocation
      const ask = async (token) =>
        oauth.processIntrospectionResponse(
          as, me, await oauth.introspectionRequest(as, me, authentication, token, insecure),
        )
      assert.equal((await ask(second.access_token)).active, true)
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, me, authentication, second.refresh_token, insecure),
      )
      assert.equal((await ask(second.refresh_token)).active, false)
      assert.equal((await ask(second.access_token)).active, false)

      // client credentials
      const machine = await oauth.processClientCredentialsResponse(
        as, me, await oauth.clientCredentialsGrantRequest(as, me, authentication, {}, insecure),
      )
      assert.equal(machine.token_type, 'bearer')

      // RP-initiated logout
      const end = new URL(as.end_session_endpoint)
      end.search = new URLSearchParams({
        id_token_hint: second.id_token,
        post_logout_redirect_uri: about.postLogoutRedirectUri,
        state: 'bye',
      })
      const at = await agent.logOut(await agent.open(end))
      assert.equal(at.kind, 'callback', String(at))
      assert.deepEqual(at.params, { state: 'bye' })
      await assertLoggedOut(agent, about)
    })
  }
})
