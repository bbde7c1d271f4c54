// A relying party in which a test can change every parameter and see every byte of the response.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { Agent } from './agent.mjs'
import { client as fixture } from './fixtures.mjs'
import { form, request } from './http.mjs'

export const random = (bytes = 24) => randomBytes(bytes).toString('base64url')
export const s256 = (verifier) => createHash('sha256').update(verifier).digest('base64url')

/** RFC 6749 §2.3.1: id and secret are form-urlencoded before they are joined. */
export function basic(id, secret) {
  const encode = (text) => form([['', text]]).slice(1)
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`
}

export class Rp {
  #metadata
  #keys

  /** `issuer` is an organization's issuer; `options` apply to every request (from, ca, connect). */
  constructor(issuer, client, options = {}) {
    this.issuer = issuer
    this.client = typeof client === 'string' ? fixture(client) : client
    this.options = options
  }

  /** The same relying party with other settings: `rp.with({ auth: 'client_secret_post' })`. */
  with(changes) {
    return new Rp(this.issuer, { ...this.client, ...changes }, this.options)
  }

  agent(options = {}) {
    return new Agent({ ...this.options, ...options })
  }

  get(url, options = {}) {
    return request(url, { ...this.options, ...options })
  }

  post(url, fields, options = {}) {
    return request(url, { ...this.options, fields, method: 'POST', ...options })
  }

  async metadata() {
    if (!this.#metadata) {
      const response = await this.get(`${this.issuer}/.well-known/openid-configuration`)
      assert.equal(response.status, 200, `discovery: ${response}`)
      this.#metadata = response.json()
    }
    return this.#metadata
  }

  async jwks({ fresh = false } = {}) {
    if (!this.#keys || fresh) {
      const response = await this.get((await this.metadata()).jwks_uri)
      assert.equal(response.status, 200, `jwks: ${response}`)
      this.#keys = response.json()
    }
    return this.#keys
  }

  /**
   * An authorization request: `{ url, params, state, nonce, verifier }`. A parameter set to undefined is left out;
   * `order` may change the order of the URL's parameters.
   */
  async authorization(extra = {}, { pkce = this.client.pkce, order = (pairs) => pairs } = {}) {
    const { authorization_endpoint: endpoint } = await this.metadata()
    const verifier = pkce ? random(48) : undefined
    const params = {
      client_id: this.client.id,
      response_type: 'code',
      redirect_uri: this.client.redirectUri,
      scope: 'openid',
      state: random(),
      nonce: random(),
      ...(verifier ? { code_challenge: s256(verifier), code_challenge_method: 'S256' } : {}),
      ...extra,
    }
    const { state, nonce, redirect_uri: redirectUri } = params
    const url = `${endpoint}?${form(order(Object.entries(params)))}`
    return { url, endpoint, params, state, nonce, verifier, redirectUri }
  }

  /**
   * Sends a browser through the authorization endpoint until the callback. It types the password and answers consent
   * when asked. `asked` lists the pages that were shown.
   */
  async authorize(agent, extra = {}, { person, pkce, order, method = 'GET', decision = 'approve' } = {}) {
    const request = await this.authorization(extra, { pkce, order })
    let at =
      method === 'POST'
        ? await agent.open(request.endpoint, { method: 'POST', fields: dropUndefined(request.params) })
        : await agent.open(request.url)
    const asked = []
    while (at.kind === 'page') {
      if (at.isLogin && person && !asked.includes('login')) {
        asked.push('login')
        at = await agent.signIn(at, person)
      } else if (at.isConsent && !asked.includes('consent')) {
        asked.push('consent')
        at = await agent.decide(at, decision)
      } else {
        break
      }
    }
    return { ...request, at, asked }
  }

  /** Like `authorize`, but the callback must have a code. */
  async code(agent, extra = {}, options = {}) {
    const flow = await this.authorize(agent, extra, options)
    assert.equal(flow.at.kind, 'callback', `no callback after ${JSON.stringify(flow.asked)}: ${flow.at}`)
    assert.equal(flow.at.params.error, undefined, String(flow.at))
    assert.equal(flow.at.params.state, flow.state, 'state comes back unchanged')
    assert.equal(flow.at.params.iss, this.issuer, 'iss of RFC 9207')
    assert.ok(flow.at.params.code, String(flow.at))
    return { ...flow, code: flow.at.params.code }
  }

  /** The client authentication, as headers and fields. */
  credentials() {
    const { id, secret, auth } = this.client
    switch (auth) {
      case 'client_secret_basic': return { headers: { authorization: basic(id, secret) }, fields: {} }
      case 'client_secret_post': return { headers: {}, fields: { client_id: id, client_secret: secret } }
      case 'none': return { headers: {}, fields: { client_id: id } }
      default: throw new Error(`unknown client authentication ${auth}`)
    }
  }

  async #authenticated(endpoint, fields, options = {}) {
    const { headers, fields: own } = this.credentials()
    const url = (await this.metadata())[endpoint]
    return this.post(url, { ...own, ...fields }, { ...options, headers: { accept: 'application/json', ...headers } })
  }

  /** The response of the token endpoint, success or error. */
  token(fields, options) {
    return this.#authenticated('token_endpoint', fields, options)
  }

  /** Redeems the code of a flow; `changes` override fields of the request. */
  redeem(flow, changes = {}) {
    return this.token({
      grant_type: 'authorization_code',
      code: flow.code,
      redirect_uri: flow.redirectUri,
      code_verifier: flow.verifier,
      ...changes,
    })
  }

  /** Redeems the code of a flow, which must succeed. */
  async tokens(flow) {
    const response = await this.redeem(flow)
    assert.equal(response.status, 200, `token endpoint: ${response}`)
    return response.json()
  }

  /** A whole sign-in: the flow and its tokens. */
  async signIn(agent, person, extra = {}, options = {}) {
    const flow = await this.code(agent, extra, { person, ...options })
    const tokens = await this.tokens(flow)
    return { ...flow, tokens }
  }

  refresh(refreshToken, extra = {}) {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...extra })
  }

  introspect(token, extra = {}) {
    return this.#authenticated('introspection_endpoint', { token, ...extra })
  }

  async isActive(token) {
    const response = await this.introspect(token)
    assert.equal(response.status, 200, `introspection: ${response}`)
    return response.json().active
  }

  revoke(token, extra = {}) {
    return this.#authenticated('revocation_endpoint', { token, ...extra })
  }

  async userinfo(accessToken, options = {}) {
    const { userinfo_endpoint: url } = await this.metadata()
    return this.get(url, { headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' }, ...options })
  }

  async endSession(agent, params = {}, { method = 'GET' } = {}) {
    const { end_session_endpoint: url } = await this.metadata()
    const given = dropUndefined(params)
    if (method === 'POST') return agent.open(url, { method, fields: given })
    return agent.open(Object.keys(given).length > 0 ? `${url}?${form(given)}` : url)
  }

  /** Checks signature, algorithm, issuer, audience, times and nonce; returns header and payload. */
  async verifyIdToken(idToken, { nonce, alg = this.client.alg } = {}) {
    const header = decodeProtectedHeader(idToken)
    assert.equal(header.alg, alg, 'the algorithm the client registered')
    assert.ok(header.kid, 'the header names its key')
    let keys = await this.jwks()
    if (!keys.keys.some((key) => key.kid === header.kid)) keys = await this.jwks({ fresh: true })
    const { payload } = await jwtVerify(idToken, createLocalJWKSet(keys), {
      issuer: this.issuer,
      audience: this.client.id,
      algorithms: [alg],
      requiredClaims: ['sub', 'exp', 'iat'],
      clockTolerance: 5,
    })
    if (nonce !== undefined) assert.equal(payload.nonce, nonce, 'the nonce of the request')
    return { header, payload }
  }
}

function dropUndefined(params) {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined))
}

/** RFC 6749 §5.2: a JSON error of the token endpoint. */
export function assertTokenError(response, code, status = 400) {
  assert.equal(response.status, status, String(response))
  assert.equal(response.contentType, 'application/json', String(response))
  assert.equal(response.json().error, code, String(response))
}
