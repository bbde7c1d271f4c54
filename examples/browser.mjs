// A single-page application: a public client with PKCE. The page keeps its tokens in memory.
import * as oauth from 'oauth4webapi'

// #region begin
export async function connect({ issuer, clientId, redirectUri, insecure = false }) {
  const url = new URL(issuer)
  const options = { [oauth.allowInsecureRequests]: insecure } // true in development only
  const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options))
  return { server, client: { client_id: clientId }, redirectUri, options }
}

/** Returns the URL to send the browser to, and what to keep in sessionStorage until it comes back. */
export async function begin({ server, client, redirectUri }) {
  const kept = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
  }
  const to = new URL(server.authorization_endpoint)
  to.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier),
    code_challenge_method: 'S256',
    state: kept.state,
    nonce: kept.nonce,
  })
  return { to, kept }
}
// #endregion begin

// #region finish
/** `callback` is the URL that the browser came back to. Fails if `state` differs, or if Porta returned an error. */
export async function finish({ server, client, redirectUri, options }, callback, kept) {
  const params = oauth.validateAuthResponse(server, client, callback, kept.state)
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, oauth.None(), params, redirectUri, kept.verifier, options,
  )
  return oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: kept.nonce,
    requireIdToken: true,
  })
}
// #endregion finish

export async function userInfo({ server, client, options }, tokens) {
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, options)
  return oauth.processUserInfoResponse(server, client, sub, response)
}
