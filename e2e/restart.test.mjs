// A crash between any two steps of a sign-in loses nothing that was acknowledged and leaves nothing usable twice. A
// graceful restart interrupts no caller. An outage of Redis or PostgreSQL is reported, and the server recovers by
// itself.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { client, user } from './lib/fixtures.mjs'
import { request, someAddress } from './lib/http.mjs'
import { Porta, STORE, eventually, services, sleep } from './lib/porta.mjs'
import { Rp, assertTokenError } from './lib/rp.mjs'
import { BACK_WITHIN_MS } from './lib/watch.mjs'

const ada = user('ada')
// The embedded store keeps short-lived data in memory: by design, a crash ends sign-ins in progress and sessions.
const shortLivedSurvivesACrash = STORE === 'postgres'
let porta

before(async () => {
  porta = await Porta.start({ name: 'restart' })
})
after(() => porta?.end())

const relyingParty = () => new Rp(porta.issuer(), client('e2e-es256'), { from: someAddress() })

/** Tokens that do not depend on the browser session. */
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }

/** A sign-in, one HTTP exchange per step. Each step stores what it received in `state`. */
const STEPS = [
  ['the authorization request', async (rp, agent, state) => {
    state.request = await rp.authorization(OFFLINE)
    const answer = await agent.raw(state.request.url, { crossSite: true })
    assert.ok([302, 303].includes(answer.status), String(answer))
    state.interaction = new URL(answer.headers.location, state.request.url).href
  }],
  ['the login page', async (rp, agent, state) => {
    state.page = await agent.open(state.interaction)
    assert.ok(state.page.isLogin, String(state.page))
  }],
  ['the password', async (rp, agent, state) => {
    const { page } = state
    const answer = await agent.raw(new URL(page.loginForm.getAttribute('action') ?? '', page.url).href, {
      method: 'POST',
      fields: { _csrf: page.field('_csrf').getAttribute('value'), email: ada.email, password: ada.password },
      referrerPolicy: page.headers['referrer-policy'],
    })
    assert.ok([302, 303].includes(answer.status), String(answer))
    state.resume = new URL(answer.headers.location, page.url).href
    state.beforeResume = agent.clone()
  }],
  ['the consent page', async (rp, agent, state) => {
    state.consent = await agent.open(state.resume, { crossSite: false })
    assert.ok(state.consent.isConsent, String(state.consent))
  }],
  ['the code', async (rp, agent, state) => {
    const at = await agent.decide(state.consent, 'approve')
    assert.equal(at.kind, 'callback', String(at))
    assert.ok(at.params.code, String(at))
    state.flow = { ...state.request, code: at.params.code }
  }],
  ['the tokens', async (rp, agent, state) => {
    state.tokens = await rp.tokens(state.flow)
  }],
  ['a refresh', async (rp, agent, state) => {
    const answer = await rp.refresh(state.tokens.refresh_token)
    assert.equal(answer.status, 200, String(answer))
    state.refreshed = answer.json()
  }],
]

/**
 * Whether the sign-in has ended. If the short-lived store is lost, so is the marker that it ended: the anonymous start
 * in the browser's cookie (decision 0035) then shows the login page again.
 */
function isOver(at) {
  return at.kind === 'page' && at.isHtml && (at.status === 400 || (!shortLivedSurvivesACrash && at.status === 200 && at.isLogin))
}

/** A used refresh token, code or resume address gives nothing new. */
async function assertNothingTwice(rp, state) {
  if (state.refreshed) {
    const again = await rp.refresh(state.tokens.refresh_token)
    if (again.status === 200) {
      assert.equal(again.json().refresh_token, state.refreshed.refresh_token, 'the same successor, not a second one')
    } else {
      assertTokenError(again, 'invalid_grant')
    }
  }
  if (state.beforeResume && state.flow) {
    const at = await state.beforeResume.open(state.resume, { crossSite: false })
    assert.ok(isOver(at), `a resume address works once: ${at}`)
  }
  if (state.tokens) {
    assertTokenError(await rp.redeem(state.flow), 'invalid_grant')
  }
}

describe('kill -9', () => {
  for (let step = 1; step <= STEPS.length; step++) {
    test(`after ${STEPS[step - 1][0]}`, async () => {
      const rp = relyingParty()
      const agent = rp.agent()
      const state = {}
      for (const [, run] of STEPS.slice(0, step)) await run(rp, agent, state)

      await porta.crash()

      // Acknowledged tokens are durable.
      if (state.tokens) {
        const tokens = state.refreshed ?? state.tokens
        const info = await rp.userinfo(tokens.access_token)
        assert.equal(info.status, 200, String(info))
        await rp.verifyIdToken(state.tokens.id_token, { nonce: state.request.nonce })
      }

      const rest = STEPS.slice(step)
      if (shortLivedSurvivesACrash || state.tokens) {
        for (const [, run] of rest) await run(rp, agent, state)
      } else if (state.flow) {
        // The code is short-lived data and is lost.
        assertTokenError(await rp.redeem(state.flow), 'invalid_grant')
      } else {
        // The sign-in is short-lived data and is lost: the person gets an explanation or the login page, not a 500.
        const at = await agent.open(state.resume ?? state.interaction, { crossSite: false })
        assert.ok(isOver(at), String(at))
      }
      await assertNothingTwice(rp, state)

      const fresh = relyingParty()
      const again = await fresh.signIn(fresh.agent(), ada)
      await fresh.verifyIdToken(again.tokens.id_token, { nonce: again.nonce })
    })
  }

  for (const delay of [0, 2, 5, 10, 20, 50]) {
    test(`${delay} ms into redeeming a code: it is worth one set of tokens in all`, async () => {
      const rp = relyingParty()
      const flow = await rp.code(rp.agent(), OFFLINE, { person: ada })
      await rp.metadata()
      const inFlight = rp.redeem(flow).catch(() => null)
      await sleep(delay)
      await porta.crash()
      const answers = [await inFlight, await rp.redeem(flow), await rp.redeem(flow)]
      const good = answers.filter((answer) => answer?.status === 200)
      assert.ok(good.length <= 1, answers.join('\n'))
      for (const answer of answers) if (answer && answer.status !== 200) assertTokenError(answer, 'invalid_grant')
    })

    test(`${delay} ms into a refresh: at most one successor`, async () => {
      const rp = relyingParty()
      const { tokens } = await rp.signIn(rp.agent(), ada, OFFLINE)
      const inFlight = rp.refresh(tokens.refresh_token).catch(() => null)
      await sleep(delay)
      await porta.crash()
      const answers = [await inFlight, await rp.refresh(tokens.refresh_token), await rp.refresh(tokens.refresh_token)]
      const good = answers.filter((answer) => answer?.status === 200)
      const successors = new Set(good.map((answer) => answer.json().refresh_token))
      assert.ok(successors.size <= 1, answers.join('\n'))
      for (const answer of answers) if (answer && answer.status !== 200) assertTokenError(answer, 'invalid_grant')
      if (good.length > 0 && answers.every((answer) => answer === null || answer.status === 200)) {
        const next = await rp.refresh([...successors][0])
        assert.equal(next.status, 200, `the successor works: ${next}`)
      }
    })
  }
})

describe('a graceful restart', () => {
  test('keeps the session, the open sign-in, the code and the keys', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    const signedIn = await rp.signIn(agent, ada)
    const waiting = await rp.code(agent, { prompt: 'none' })
    const other = rp.agent()
    const open = await rp.authorization()
    const page = await other.open(open.url)
    const kids = (await rp.jwks({ fresh: true })).keys.map(({ kid }) => kid).sort()

    await porta.restart()

    assert.deepEqual((await rp.jwks({ fresh: true })).keys.map(({ kid }) => kid).sort(), kids)
    await rp.verifyIdToken(signedIn.tokens.id_token, { nonce: signedIn.nonce })
    assert.equal(await rp.isActive(signedIn.tokens.access_token), true)
    const silent = await rp.code(agent, { prompt: 'none' })
    assert.deepEqual(silent.asked, [])
    await rp.tokens(waiting)
    const at = await other.signIn(page, ada)
    assert.equal(at.kind, 'callback', String(at))
    await rp.tokens({ ...open, code: at.params.code })
    assert.equal((await rp.refresh(signedIn.tokens.refresh_token)).status, 200)
  })

  test('what was saved for it is not usable a second time after a crash', async () => {
    const rp = relyingParty()
    const agent = rp.agent()
    await rp.signIn(agent, ada)
    const flow = await rp.code(agent, { prompt: 'none' })
    const { tokens } = await rp.signIn(rp.agent(), ada)
    const leaving = rp.agent()
    const left = await rp.signIn(leaving, ada)
    const cookies = leaving.clone()

    await porta.restart()
    await rp.tokens(flow)
    const second = (await rp.refresh(tokens.refresh_token)).json()
    await leaving.logOut(await rp.endSession(leaving, { id_token_hint: left.tokens.id_token }))

    await porta.crash()
    assertTokenError(await rp.redeem(flow), 'invalid_grant')
    const again = await rp.refresh(tokens.refresh_token)
    if (again.status === 200) assert.equal(again.json().refresh_token, second.refresh_token)
    else assertTokenError(again, 'invalid_grant')
    const { at } = await rp.authorize(cookies, { prompt: 'none' })
    assert.equal(at.params?.error, 'login_required', `a session that was ended stays ended: ${at}`)
    assert.equal(await rp.isActive(left.tokens.access_token), false)
  })

  test('nobody who is being served is cut off', async () => {
    // Password hashing is slow on purpose, so these requests are still running at the shutdown signal.
    const waiting = await Promise.all(Array.from({ length: 8 }, async () => {
      const rp = relyingParty()
      const agent = rp.agent()
      return { agent, page: (await rp.authorize(agent)).at }
    }))
    // Does not follow the redirect to the next page, which another instance would serve.
    const answers = waiting.map(({ agent, page }) => {
      const fields = { _csrf: page.field('_csrf').getAttribute('value'), email: 'nobody@demo.example', password: 'wrong-password' }
      const action = new URL(page.loginForm.getAttribute('action') ?? '', page.url).href
      return agent.raw(action, { method: 'POST', fields, referrerPolicy: page.headers['referrer-policy'] })
    })
    await sleep(30)
    await porta.stop()
    for (const answer of await Promise.all(answers)) {
      assert.ok([303, 503].includes(answer.status), `answered, whatever the answer: ${answer}`)
    }
    await porta.up()
  })
})

if (STORE === 'postgres') {
  /** Stops a service while `during` runs, starts it, and checks that the server recovers by itself. */
  async function outage({ stop, start, database, redis }, during) {
    const { pid } = porta
    await stop()
    try {
      const ready = await eventually('/ready says so', async () => {
        const answer = await porta.get('/ready')
        return answer.status === 503 && answer
      }, { seconds: 30 })
      const { status, checks } = ready.json()
      assert.equal(status, 'not_ready')
      assert.equal(checks.db.ok, database, String(ready))
      assert.equal(checks.redis.ok, redis, String(ready))
      const failing = database ? checks.redis : checks.db
      assert.match(failing.error, /^[a-z_]{3,40}$/, 'a fixed code, not a message of the driver')

      const health = await porta.get('/health')
      assert.equal(health.status, 503, String(health))
      assert.deepEqual(health.json(), {
        status: 'unhealthy',
        checks: { database: database ? 'ok' : 'error', redis: redis ? 'ok' : 'error' },
      })
      await during()
    } finally {
      await start()
    }
    // The service is back. Within two seconds the server is ready and a whole sign-in succeeds.
    const back = performance.now()
    const soon = { seconds: BACK_WITHIN_MS / 1000, every: 25 }
    await eventually('/ready is well again', async () => (await porta.get('/ready')).status === 200, soon)
    const rp = relyingParty()
    await eventually('somebody signs in again', () => rp.signIn(rp.agent(), ada), soon)
    const took = performance.now() - back
    assert.ok(took < BACK_WITHIN_MS, `back after ${Math.round(took)} ms`)
    const healthy = await porta.get('/health')
    assert.deepEqual(healthy.json(), { status: 'healthy', checks: { database: 'ok', redis: 'ok' } })
    assert.ok(porta.running && porta.pid === pid, 'without a restart')
  }

  /** A 503 page that tells a person to try again later. */
  function assertPaused(at) {
    assert.equal(at.kind, 'page', `sign-in pauses: ${at}`)
    assert.equal(at.status, 503, String(at))
    assert.ok(at.isHtml && at.text.trim().length > 20, `a clear page: ${at}`)
    assert.ok(Number(at.headers['retry-after']) > 0, 'Retry-After')
    assert.ok(!/redis|postgres|sqlx|connection refused|127\.0\.0\.1/i.test(at.response.body), 'and no internals')
  }

  /** Success or 503, never a wrong answer such as `invalid_grant`, `active: false` or 401. */
  function assertNotWrong(answer, good) {
    if (answer.status === 200) return good(answer.json())
    assert.equal(answer.status, 503, String(answer))
  }

  describe('Redis goes away and comes back', () => {
    test('sign-in pauses with a clear page, tokens stay verifiable, nothing is answered wrongly', async () => {
      const rp = relyingParty()
      const agent = rp.agent()
      const signedIn = await rp.signIn(agent, ada, OFFLINE)
      const waiting = await rp.authorization()
      const other = rp.agent()
      const page = await other.open(waiting.url)
      await rp.jwks()

      await outage({ stop: services.stopRedis, start: services.startRedis, database: true, redis: false }, async () => {
        assertPaused(await rp.agent().open((await rp.authorization()).url))
        assertPaused(await other.open(page.url, { crossSite: false }))
        assert.equal((await request(`${rp.issuer}/.well-known/openid-configuration`)).status, 200)
        await rp.jwks({ fresh: true })
        await rp.verifyIdToken(signedIn.tokens.id_token, { nonce: signedIn.nonce })
        assertNotWrong(await rp.userinfo(signedIn.tokens.access_token), ({ email }) => assert.equal(email, ada.email))
        assertNotWrong(await rp.introspect(signedIn.tokens.access_token), ({ active }) => assert.equal(active, true))
        assertNotWrong(await rp.redeem({ ...waiting, code: `porta_ac_${'A'.repeat(43)}` }), () => assert.fail('an unknown code'))
      })

      const fresh = await rp.signIn(rp.agent(), ada)
      await rp.verifyIdToken(fresh.tokens.id_token, { nonce: fresh.nonce })
      assert.equal((await rp.refresh(signedIn.tokens.refresh_token)).status, 200, 'the refresh token lives in SQL')
      const lost = await other.open(page.url)
      assert.ok(lost.kind === 'page' && lost.isLogin, `an open sign-in travels with the browser: ${lost}`)
    })
  })

  describe('PostgreSQL goes away and comes back', () => {
    test('sign-in pauses with a clear page, tokens stay verifiable, nothing is answered wrongly', async () => {
      const rp = relyingParty()
      const agent = rp.agent()
      const signedIn = await rp.signIn(agent, ada, OFFLINE)
      const other = rp.agent()
      const open = await rp.authorization()
      const page = await other.open(open.url)
      const waiting = await rp.code(agent, { prompt: 'none' })
      await rp.jwks()

      await outage({ stop: services.stopPostgres, start: services.startPostgres, database: false, redis: true }, async () => {
        const at = await other.clone().submit(page, page.loginForm, { email: ada.email, password: ada.password })
        assertPaused(at)
        assert.equal((await request(`${rp.issuer}/.well-known/openid-configuration`)).status, 200)
        await rp.jwks({ fresh: true })
        await rp.verifyIdToken(signedIn.tokens.id_token, { nonce: signedIn.nonce })
        const refused = () => assert.fail('impossible without the database')
        assertNotWrong(await rp.refresh(signedIn.tokens.refresh_token), refused)
        assertNotWrong(await rp.userinfo(signedIn.tokens.access_token), refused)
        assertNotWrong(await rp.introspect(signedIn.tokens.access_token), refused)
      })

      const late = await other.signIn(page, ada)
      assert.equal(late.kind, 'callback', `the open sign-in goes on: ${late}`)
      await rp.tokens({ ...open, code: late.params.code })
      assert.equal((await rp.redeem(waiting)).status, 200, 'the code nobody touched is good')
      assert.deepEqual((await rp.code(agent, { prompt: 'none' })).asked, [], 'the session, too')
      assert.equal((await rp.refresh(signedIn.tokens.refresh_token)).status, 200, 'the refresh token, too')
    })
  })
}
