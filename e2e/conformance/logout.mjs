// RP-Initiated Logout OP: oidcc-rp-initiated-logout-certification-test-plan.

import assert from 'node:assert/strict'
import { SignJWT, decodeJwt } from 'jose'
import { random } from '../lib/rp.mjs'
import { checkErrorCallback } from './checks.mjs'
import { checkEndpoints } from './config.mjs'

/** Signs in, opens the end-session endpoint, and confirms if a page asks. */
async function logout(op, params) {
  const flow = await op.succeed()
  // A long state shows whether it is truncated.
  const all = {
    id_token_hint: flow.tokens.id_token,
    post_logout_redirect_uri: op.rp.client.postLogoutRedirectUri,
    state: random(96),
  }
  const sent = typeof params === 'function' ? await params(all) : { ...all, ...params }
  const asked = await op.rp.endSession(op.agent, sent)
  op.keep(asked)
  const confirmed = asked.logoutForm !== null
  const at = confirmed ? await op.agent.logOut(asked) : asked
  return { flow, sent, asked, confirmed, at }
}

async function assertSignedOut(op, flow) {
  const after = await op.authorize({ prompt: 'none' }, { person: null })
  checkErrorCallback(after, ['login_required'], op.delivery)
  const answer = await op.rp.userinfo(flow.tokens.access_token)
  assert.equal(answer.status, 401, `the session's access token ended with it: ${answer}`)
}

/** The browser is back at the relying party, with the state and no other parameter. */
function assertReturned(op, { at, sent }) {
  assert.equal(at.kind, 'callback', String(at))
  const url = new URL(at.url)
  url.search = ''
  assert.equal(url.href, op.rp.client.postLogoutRedirectUri)
  assert.deepEqual(at.params, sent.state === undefined ? {} : { state: sent.state })
}

/** The person is signed out and sees a page of the provider, without a redirect to the relying party. */
async function assertSignedOutPage(op, { at, flow }) {
  assert.equal(at.kind, 'page', `nobody is sent back: ${at}`)
  assert.equal(at.status, 200, String(at))
  assert.ok(at.isHtml && at.text.trim().length > 10, 'a page that says so')
  await assertSignedOut(op, flow)
}

/**
 * The person sees an error page, or a confirmation after which they stay at the provider. With `wrong`, the page names
 * that parameter: the suite wants a screenshot that a person reviews.
 */
async function assertNotReturned(op, { asked, confirmed, at, flow }, wrong) {
  assert.equal(asked.kind, 'page', `sent back without a proof: ${asked}`)
  if (wrong) assert.match(asked.text, new RegExp(`\\(${wrong}\\)`), String(asked))
  assert.ok(!asked.response.body.includes('rp.example.test'), 'not even a link to an unproven address')
  assert.equal(at.kind, 'page', `sent back without a proof: ${at}`)
  if (confirmed) return assertSignedOutPage(op, { at, flow })
  assert.equal(at.status, 400, String(at))
  assert.ok(at.isHtml)
  // The person confirmed nothing, so the session continues.
  const still = await op.succeed({ prompt: 'none' })
  assert.equal(still.idToken.sub, flow.idToken.sub)
}

export const rpInitiatedLogout = {
  async 'oidcc-rp-initiated-logout-discovery-endpoint-verification'(op) {
    const metadata = await op.rp.metadata()
    checkEndpoints(metadata, op.issuer)
    assert.equal(new URL(metadata.end_session_endpoint).protocol, 'https:')
  },

  async 'oidcc-rp-initiated-logout'(op) {
    const result = await logout(op, {})
    assertReturned(op, result)
    await assertSignedOut(op, result.flow)
  },

  async 'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri'(op) {
    const registered = op.rp.client.postLogoutRedirectUri
    const result = await logout(op, { post_logout_redirect_uri: `${registered}/${random(8)}` })
    await assertNotReturned(op, result, 'post_logout_redirect_uri')
  },

  async 'oidcc-rp-initiated-logout-modified-id-token-hint'(op) {
    const unsigned = (token) => {
      const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
      return `${header}.${token.split('.')[1]}.`
    }
    const result = await logout(op, (all) => ({ ...all, id_token_hint: unsigned(all.id_token_hint) }))
    await assertNotReturned(op, result, 'id_token_hint')
  },

  async 'oidcc-rp-initiated-logout-no-id-token-hint'(op) {
    await assertNotReturned(op, await logout(op, { id_token_hint: undefined }))
  },

  async 'oidcc-rp-initiated-logout-no-params'(op) {
    await assertSignedOutPage(op, await logout(op, () => ({})))
  },

  async 'oidcc-rp-initiated-logout-no-post-logout-redirect-uri'(op) {
    await assertSignedOutPage(op, await logout(op, { post_logout_redirect_uri: undefined }))
  },

  async 'oidcc-rp-initiated-logout-no-state'(op) {
    const result = await logout(op, { state: undefined })
    assertReturned(op, result)
    await assertSignedOut(op, result.flow)
  },

  async 'oidcc-rp-initiated-logout-only-state'(op) {
    await assertSignedOutPage(op, await logout(op, ({ state }) => ({ state })))
  },

  async 'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri'(op) {
    const registered = op.rp.client.postLogoutRedirectUri
    const result = await logout(op, { post_logout_redirect_uri: `${registered}?foo=bar` })
    await assertNotReturned(op, result, 'post_logout_redirect_uri')
  },

  async 'oidcc-rp-initiated-logout-bad-id-token-hint'(op) {
    // The right claims, but signed with the client's secret instead of the provider's key.
    const forge = (token) =>
      new SignJWT(decodeJwt(token))
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(op.rp.client.secret))
    const result = await logout(op, async (all) => ({ ...all, id_token_hint: await forge(all.id_token_hint) }))
    await assertNotReturned(op, result, 'id_token_hint')
  },
}
