// A web application in Express: sign-in, session, refresh, sign-out. Tokens stay on the server.
import express from 'express'
import session from 'express-session'
import * as oidc from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, APP_URL, SESSION_SECRET, PORT } = process.env

// #region configure
const options = {}
if (ISSUER.startsWith('http://')) options.execute = [oidc.allowInsecureRequests] // development only
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, options)
const redirectUri = `${APP_URL}/callback`
// #endregion configure

const app = express()
app.set('trust proxy', 1)
app.use(session({
  secret: SESSION_SECRET,
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: APP_URL.startsWith('https://') },
}))

// #region login
app.get('/login', async (request, response) => {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  request.session.pending = { verifier, state, nonce }
  const to = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  response.redirect(to.href)
})
// #endregion login

// #region callback
app.get('/callback', async (request, response) => {
  const { pending } = request.session
  if (!pending) return response.redirect('/login')
  const tokens = await oidc.authorizationCodeGrant(config, new URL(request.originalUrl, APP_URL), {
    pkceCodeVerifier: pending.verifier,
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    idTokenExpected: true,
  })
  // A new session id after sign-in prevents session fixation.
  request.session.regenerate(() => {
    request.session.tokens = { access: tokens.access_token, id: tokens.id_token, refresh: tokens.refresh_token }
    request.session.person = tokens.claims()
    request.session.save(() => response.redirect('/'))
  })
})
// #endregion callback

app.get('/', async (request, response) => {
  const { person, tokens } = request.session
  if (!person) return response.status(401).send('<a href="/login">Sign in</a>')
  response.json(await oidc.fetchUserInfo(config, tokens.access, person.sub))
})

// #region refresh
app.get('/refresh', async (request, response) => {
  const tokens = await oidc.refreshTokenGrant(config, request.session.tokens.refresh)
  // Refresh tokens are rotated: always store the new one.
  Object.assign(request.session.tokens, { access: tokens.access_token, refresh: tokens.refresh_token })
  request.session.save(() => response.redirect('/'))
})
// #endregion refresh

// #region logout
app.get('/logout', (request, response) => {
  const to = oidc.buildEndSessionUrl(config, {
    id_token_hint: request.session.tokens?.id,
    post_logout_redirect_uri: `${APP_URL}/signed-out`,
  })
  request.session.destroy(() => response.redirect(to.href))
})
// #endregion logout

app.get('/signed-out', (_request, response) => response.send('Signed out'))
app.use((error, _request, response, _next) => response.status(400).send(error.code ?? 'failed'))
const server = app.listen(PORT, '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit(0)))
