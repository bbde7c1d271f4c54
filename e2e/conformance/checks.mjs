// The checks that the OpenID Foundation's conformance suite makes in every module, as assertions. Where the suite only
// warns, these fail.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { CLAIM_NAMES, claimsOf } from '../lib/fixtures.mjs'

const now = () => Math.floor(Date.now() / 1000)

const NQSCHAR = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/ // error, error_description: RFC 6749 appendix A.7, A.8
const VSCHAR = /^[\x20-\x7e]+$/ // tokens and codes: RFC 6749 appendix A.11, A.12, A.17
const BASE64URL = /^[A-Za-z0-9_-]+$/

/** Estimates the entropy of a value in bits: its length times the entropy of its characters. */
function entropy(value) {
  const counts = new Map()
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1)
  let perCharacter = 0
  for (const count of counts.values()) {
    const share = count / value.length
    perCharacter -= share * Math.log2(share)
  }
  return perCharacter * value.length
}

export function checkBearer(value, what, bits = 128) {
  assert.equal(typeof value, 'string', what)
  assert.match(value, VSCHAR, `${what}: characters`)
  assert.ok(entropy(value) >= bits, `${what}: at least ${bits} bits, not ${entropy(value).toFixed(0)}`)
}

/** RFC 7517: usable, distinct, public keys. */
export function checkKeys(jwks) {
  assert.ok(Array.isArray(jwks.keys) && jwks.keys.length > 0, 'a key set with keys')
  const seen = new Set()
  for (const key of jwks.keys) {
    assert.ok(key.kid, 'every key has an id')
    assert.ok(!seen.has(key.kid), `key ids are distinct: ${key.kid}`)
    seen.add(key.kid)
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
      assert.equal(key[secret], undefined, `no private or symmetric key: ${key.kid} has ${secret}`)
    }
    assert.equal(key.use, 'sig')
    const members = { RSA: ['n', 'e'], EC: ['x', 'y'], OKP: ['x'] }[key.kty]
    assert.ok(members, `a public key: ${key.kty}`)
    for (const member of members) assert.match(key[member], BASE64URL, `${key.kid}.${member} is bare base64url`)
    if (key.kty === 'RSA') {
      assert.ok(Buffer.from(key.n, 'base64url').length >= 256, 'RSA keys have 2048 bits or more')
      assert.match(key.alg, /^[RP]S(256|384|512)$/)
    }
    if (key.kty === 'EC') {
      assert.deepEqual([key.crv, key.alg], ['P-256', 'ES256'])
      for (const member of ['x', 'y']) assert.equal(Buffer.from(key[member], 'base64url').length, 32, member)
    }
    if (key.kty === 'OKP') {
      assert.equal(key.crv, 'Ed25519')
      assert.equal(Buffer.from(key.x, 'base64url').length, 32)
    }
  }
}

/** The response arrived at the redirection URI in the requested response mode, and has each parameter once. */
function checkDelivery(at, mode) {
  assert.equal(at.kind, 'callback', `the relying party is not called: ${at}`)
  assert.equal(at.mode, mode, String(at))
  assert.equal(at.method, mode === 'form_post' ? 'POST' : 'GET')
  if (mode === 'form_post') {
    const url = new URL(at.url)
    assert.equal(url.search, '', 'nothing in the query of a form post')
    assert.equal(url.hash, '')
  }
  const names = at.pairs.map(([name]) => name)
  assert.equal(new Set(names).size, names.length, `every parameter once: ${names}`)
  for (const secret of ['access_token', 'id_token', 'token_type']) {
    assert.ok(!names.includes(secret), `no ${secret} from the authorization endpoint in the code flow`)
  }
}

/** A successful authorization response. */
export function checkCallback(flow, { mode, issuer }) {
  const { at } = flow
  checkDelivery(at, mode)
  const url = new URL(at.url)
  url.search = ''
  assert.equal(url.href, flow.redirectUri, 'delivered to the redirection URI of the request')
  assert.equal(at.params.error, undefined, String(at))
  assert.equal(at.params.state, flow.state, 'state comes back unchanged')
  assert.equal(at.params.iss, issuer, 'iss of RFC 9207')
  checkBearer(at.params.code, 'authorization code')
  const expected = new Set(['code', 'state', 'iss', 'session_state', 'scope'])
  for (const name of Object.keys(at.params)) assert.ok(expected.has(name), `unexpected parameter ${name}`)
}

/** An authorization error response (OpenID Connect Core §3.1.2.6). */
export function checkErrorCallback(flow, codes, { mode, issuer, state = flow.state }) {
  const { at } = flow
  checkDelivery(at, mode)
  const { params } = at
  assert.ok(codes.includes(params.error), `one of ${codes}, not ${params.error}`)
  assert.equal(params.state, state, 'state comes back unchanged')
  assert.equal(params.iss, issuer, 'iss of RFC 9207')
  assert.equal(params.code, undefined, 'no code beside an error')
  checkErrorText(params)
  const expected = new Set(['error', 'error_description', 'error_uri', 'state', 'iss'])
  for (const name of Object.keys(params)) assert.ok(expected.has(name), `unexpected parameter ${name}`)
}

function checkErrorText({ error, error_description: description, error_uri: uri }) {
  assert.match(error, NQSCHAR)
  if (description !== undefined) {
    assert.equal(typeof description, 'string')
    assert.match(description, NQSCHAR, 'error_description: printable, no quotes, no line breaks')
  }
  if (uri !== undefined) assert.ok(URL.canParse(uri), `error_uri is a URI: ${uri}`)
}

/** A page that explains an error to a person, without a redirect or a link to the client. */
export function checkErrorPage(at, status = 400) {
  assert.equal(at.kind, 'page', `an error page, not a redirect: ${at}`)
  assert.equal(at.status, status, String(at))
  assert.ok(at.isHtml, `an HTML page: ${at.response.contentType}`)
  assert.equal(at.loginForm, null, 'nobody is asked to sign in')
  assert.ok(at.text.trim().length > 20, 'a person can read what happened')
  assert.ok(!at.response.body.includes('rp.example.test'), 'no way back to an unproven address')
  for (const hop of at.trail) assert.ok(!hop.location?.startsWith('https://rp.example.test'), String(hop.location))
}

/** A successful token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). */
export function checkTokenResponse(response, { refreshToken } = {}) {
  assert.equal(response.status, 200, String(response))
  assert.equal(response.contentType, 'application/json', String(response))
  assert.match(response.headers['cache-control'] ?? '', /\bno-store\b/, 'Cache-Control: no-store')
  const tokens = response.json()
  assert.equal(tokens.error, undefined)
  checkBearer(tokens.access_token, 'access token')
  assert.equal(String(tokens.token_type).toLowerCase(), 'bearer')
  assert.ok(Number.isInteger(tokens.expires_in) && tokens.expires_in > 0, `expires_in: ${tokens.expires_in}`)
  assert.equal(typeof tokens.id_token, 'string', 'an ID token')
  if (tokens.scope !== undefined) assert.equal(typeof tokens.scope, 'string')
  if (refreshToken === true) assert.ok(tokens.refresh_token, 'a refresh token')
  if (refreshToken === false) assert.equal(tokens.refresh_token, undefined, 'no refresh token')
  if (tokens.refresh_token !== undefined) checkBearer(tokens.refresh_token, 'refresh token')
  for (const [name, value] of Object.entries(tokens)) assert.notEqual(value, null, `${name} is null`)
  return tokens
}

/** A refused token request (RFC 6749 §5.2). */
export function checkTokenError(response, code, status = 400) {
  assert.equal(response.status, status, String(response))
  assert.equal(response.contentType, 'application/json', String(response))
  assert.match(response.headers['cache-control'] ?? '', /\bno-store\b/)
  const answer = response.json()
  assert.equal(answer.error, code, String(response))
  checkErrorText(answer)
  assert.equal(answer.access_token, undefined)
}

const HASHES = { RS256: 'sha256', ES256: 'sha256', EdDSA: 'sha512' }

/** Claims that every ID token of a code flow has, whatever was requested. */
const UNASKED = ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'sid', 'at_hash']

/** A claim without a value is left out (OpenID Connect Core §5.3.2); so is an empty list or object. */
function checkClaims(claims) {
  for (const [name, value] of Object.entries(claims)) {
    assert.notEqual(value, null, `${name} is null`)
    assert.notEqual(value, '', `${name} is empty`)
    if (typeof value === 'object') assert.notEqual(Object.keys(value).length, 0, `${name} is empty`)
  }
}

/** Checks the ID token of a code flow (OpenID Connect Core §2, §3.1.3.6, §3.1.3.7) against its request. */
export async function checkIdToken(rp, tokens, { params, refreshed = false }) {
  const { header, payload } = await rp.verifyIdToken(tokens.id_token)
  checkKeys(await rp.jwks())
  assert.equal((await rp.jwks()).keys.filter((key) => key.kid === header.kid).length, 1, 'kid names one published key')

  assert.equal(payload.iss, rp.issuer)
  assert.deepEqual([payload.aud].flat(), [rp.client.id], 'for this client and nobody else')
  for (const name of ['exp', 'iat', 'auth_time']) assert.ok(Number.isInteger(payload[name]), `${name}: ${payload[name]}`)
  assert.ok(payload.exp > now(), 'not expired')
  assert.ok(payload.exp <= now() + 24 * 3600, 'not valid for longer than a day')
  assert.ok(Math.abs(payload.iat - now()) <= 300, `iat is now: ${payload.iat}`)
  assert.ok(payload.auth_time <= payload.iat + 1, 'signed in before the token was made')
  if (params.max_age !== undefined && !refreshed) {
    assert.ok(payload.iat - payload.auth_time <= Number(params.max_age) + 10, `signed in within max_age: ${payload.auth_time}`)
  }

  assert.match(payload.sub, /^[\x21-\x7e]{1,255}$/, 'sub: at most 255 ASCII characters')
  assert.equal(payload.nonce, params.nonce, 'the nonce of the request, and none when none was sent')
  assert.equal(payload.acr, 'urn:porta:acr:1fa', 'acr: one factor')
  assert.deepEqual(payload.amr, ['pwd'], 'amr: signed in with a password (RFC 8176)')
  assert.match(payload.sid, /^[\x21-\x7e]{1,255}$/, 'sid')

  const digest = createHash(HASHES[header.alg]).update(tokens.access_token).digest()
  assert.equal(payload.at_hash, digest.subarray(0, digest.length / 2).toString('base64url'), 'at_hash')

  // In the code flow the claims of scopes come from UserInfo (§5.4); the `claims` parameter can request them here
  // (§5.5).
  const named = params.claims === undefined ? {} : JSON.parse(params.claims).id_token ?? {}
  const asked = [...UNASKED, ...(params.nonce === undefined ? [] : ['nonce']), ...Object.keys(named)]
  for (const name of Object.keys(payload)) assert.ok(asked.includes(name), `nobody asked for ${name}`)
  checkClaims(payload)
  return payload
}

const STRINGS = [
  'sub', 'name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture',
  'website', 'email', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number',
]

/** UserInfo (OpenID Connect Core §5.3): the `sub` of the ID token, and exactly the claims of the granted scopes. */
export function checkUserInfo(response, { sub, scope, person }) {
  assert.equal(response.status, 200, String(response))
  assert.equal(response.contentType, 'application/json', String(response))
  const info = response.json()
  assert.equal(info.sub, sub, 'the same sub as in the ID token')

  for (const name of STRINGS) if (name in info) assert.equal(typeof info[name], 'string', name)
  for (const name of ['email_verified', 'phone_number_verified']) {
    if (name in info) assert.equal(typeof info[name], 'boolean', name)
  }
  for (const name of ['profile', 'picture', 'website']) if (name in info) assert.ok(URL.canParse(info[name]), name)
  if ('birthdate' in info) assert.match(info.birthdate, /^(\d{4}|0000)(-\d{2}-\d{2})?$/)
  if ('locale' in info) assert.ok(Intl.getCanonicalLocales(info.locale), 'locale')
  if ('zoneinfo' in info) assert.ok(new Intl.DateTimeFormat('en', { timeZone: info.zoneinfo }), 'zoneinfo')
  if ('phone_number' in info) assert.match(info.phone_number, /^\+[0-9 ()-]+$/)
  if ('updated_at' in info) {
    assert.ok(Number.isInteger(info.updated_at), 'updated_at is a number of seconds')
    assert.ok(info.updated_at > 1_500_000_000 && info.updated_at <= now() + 5, `updated_at: ${info.updated_at}`)
  }
  if ('address' in info) {
    assert.ok(info.address && typeof info.address === 'object' && !Array.isArray(info.address), 'address is an object')
    for (const [name, value] of Object.entries(info.address)) assert.equal(typeof value, 'string', `address.${name}`)
  }
  checkClaims(info)

  const granted = scope.split(' ')
  const asked = ['sub', ...granted.flatMap((group) => CLAIM_NAMES[group] ?? [])]
  for (const name of Object.keys(info)) assert.ok(asked.includes(name), `nobody asked for ${name}`)
  for (const [group, names] of Object.entries(CLAIM_NAMES)) {
    for (const name of names) {
      if (granted.includes(group)) assert.ok(name in info, `${name} is missing though ${group} was granted`)
    }
    if (!granted.includes(group)) continue
    for (const [name, value] of Object.entries(claimsOf(group, person))) {
      if (name === 'address') for (const [part, text] of Object.entries(value)) assert.equal(info.address[part], text, part)
      else assert.deepEqual(info[name], value, name)
    }
  }
  return info
}
