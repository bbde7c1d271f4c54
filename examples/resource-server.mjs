// An API that requires an access token with the right scope. Access tokens are opaque, so the API asks Porta
// (introspection).
import express from 'express'
import * as oidc from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env

// #region check
const options = {}
if (ISSUER.startsWith('http://')) options.execute = [oidc.allowInsecureRequests] // development only
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, options)

function demand(scope) {
  return async (request, response, next) => {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ')
    if (scheme.toLowerCase() !== 'bearer' || !token) {
      return response.set('WWW-Authenticate', 'Bearer').sendStatus(401)
    }
    const state = await oidc.tokenIntrospection(config, token)
    // Only access tokens have `token_type`, so a refresh token is refused.
    if (!state.active || !state.token_type) {
      return response.set('WWW-Authenticate', 'Bearer error="invalid_token"').sendStatus(401)
    }
    if (!state.scope?.split(' ').includes(scope)) {
      return response.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`).sendStatus(403)
    }
    request.token = state
    next()
  }
}
// #endregion check

const app = express()
app.get('/profile', demand('profile'), (request, response) => response.json({ sub: request.token.sub }))
app.get('/orders', demand('orders'), (_request, response) => response.json([]))
const server = app.listen(PORT, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
