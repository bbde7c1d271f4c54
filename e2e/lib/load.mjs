// Mixed load of applications and people, which checks each answer.
//
// An answer is `ok`, `paused` (503 with Retry-After, or `temporarily_unavailable` on a redirect), `cut` (no answer, or
// 502 or 504 from a proxy), or `wrong`. A failed attempt that is repeated counts as `again`. Safe requests are sent
// once. The others are repeated as an honest client would: the same refresh token; a new code if an exchange got no
// answer.

import { client as fixture, user } from './fixtures.mjs'
import { someAddress } from './http.mjs'
import { sleep } from './porta.mjs'
import { Rp } from './rp.mjs'

const PAUSE_MS = 250

export class Outcomes {
  ops = {}
  wrong = []
  /** Every attempt that was repeated. */
  repeats = []
  /** Every outcome with its begin and end. */
  times = []

  note(op, outcome, ms, text) {
    const until = performance.now()
    this.times.push({ op, outcome, at: until - ms, until, ...(outcome === 'ok' ? {} : { text }) })
    const row = (this.ops[op] ??= { ok: 0, paused: 0, cut: 0, wrong: 0, again: 0, ms: [] })
    row[outcome]++
    if (outcome === 'ok') row.ms.push(ms)
    if (outcome === 'again') this.repeats.push({ op, at: performance.now(), since: performance.now() - ms, text })
    if (outcome === 'wrong') this.wrong.push(`${new Date().toISOString()} ${op}: ${text}`)
  }

  total(outcome) {
    return Object.values(this.ops).reduce((sum, row) => sum + row[outcome], 0)
  }

  /** Counts and latencies (milliseconds) of each operation. */
  summary() {
    const at = (sorted, part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0)
    return Object.fromEntries(Object.entries(this.ops).map(([op, { ms, ...counts }]) => {
      const sorted = ms.toSorted((a, b) => a - b)
      return [op, { ...counts, p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: at(sorted, 1) }]
    }))
  }
}

/** The outcome of a response, or of a page or callback in a browser. */
function outcome(answer, isGood) {
  if (answer instanceof Error) return 'cut'
  if (isGood(answer)) return 'ok'
  const retryAfter = Number(answer.headers?.['retry-after']) > 0
  if (answer.status === 503 && retryAfter) return 'paused'
  if (answer.params?.error === 'temporarily_unavailable') return 'paused'
  if ([502, 504].includes(answer.status)) return 'cut'
  return 'wrong'
}

export class Load {
  #stopped = false
  #workers = []

  /**
   * `tries`: how often a request that is not safe is sent at most. `think`: mean milliseconds between two steps of a
   * worker.
   */
  constructor({ issuer, connect, tries = 1, think = 150, outcomes = new Outcomes(), options = {} }) {
    Object.assign(this, { issuer, connect, tries, think, outcomes, options })
  }

  rp(id = 'e2e-es256', issuer = this.issuer) {
    return new Rp(issuer, fixture(id), { connect: this.connect, from: someAddress(), timeout: 30_000, ...this.options })
  }

  /** One operation; its answer if that was good, else null. `goesOn`: the caller tries another way after a failure. */
  async #do(op, isGood, send, { tries = 1, goesOn = false } = {}) {
    for (let left = tries; left > 0; left--) {
      const begun = performance.now()
      const answer = await send().catch((error) => error)
      const result = outcome(answer, isGood)
      const isWorthAnother = ['paused', 'cut'].includes(result) && (goesOn || left > 1)
      this.outcomes.note(op, isWorthAnother ? 'again' : result, performance.now() - begun, String(answer))
      if (result === 'ok') return answer
      if (!isWorthAnother) return null
      await sleep(PAUSE_MS)
    }
    return null
  }

  /** A code. The GETs of a silent sign-in are safe; a sign-in with a password starts over on each try. */
  async #code(rp, agent, { person, extra, tries }) {
    const isGood = ({ flow }) => flow.at.kind === 'callback' && Boolean(flow.at.params.code)
    const walk = async () => {
      const flow = await rp.authorize(agent, person ? extra : { ...extra, prompt: 'none' }, { person })
      const { status, headers, params } = flow.at
      return { flow, status, headers, params, toString: () => String(flow.at) }
    }
    const walked = await this.#do(person ? 'sign-in' : 'silent sign-in', isGood, walk, { tries })
    return walked && { ...walked.flow, code: walked.flow.at.params.code }
  }

  /** The tokens for a code. A failed exchange may have spent the code, so the next try requests another. */
  async #tokens(rp, agent, { person, extra = {} }) {
    for (let left = this.tries; left > 0; left--) {
      const flow = await this.#code(rp, agent, { person, extra, tries: person ? this.tries : 1 })
      if (!flow) return null
      const isGood = ({ status }) => status === 200
      const answer = await this.#do('code exchange', isGood, () => rp.redeem(flow), { goesOn: left > 1 })
      if (answer) return answer.json()
      if (this.outcomes.wrong.at(-1)?.includes('code exchange')) return null
    }
    return null
  }

  /** Signs a person in, with tokens that outlive the browser session. Tests use it as well. */
  async arrive(person = user('ada')) {
    const rp = this.rp()
    const agent = rp.agent()
    await rp.metadata()
    const tokens = await this.#tokens(rp, agent, {
      person,
      extra: { scope: 'openid email offline_access', prompt: 'consent' },
    })
    if (!tokens) throw new Error(`could not sign in: ${this.outcomes.wrong.at(-1) ?? 'no answer'}`)
    return { rp, agent, tokens, person }
  }

  // --- workers: each returns when the load stops -----------------------------------------------------------------

  async #reader(held) {
    const { rp, person } = held
    const machine = this.rp('e2e-machine')
    const { jwks_uri: jwks } = await rp.metadata()
    const isThere = ({ status }) => status === 200
    const isTheirs = (answer) => answer.status === 200 && answer.json().email === person.email
    const isActive = (answer) => answer.status === 200 && answer.json().active === true
    const repeated = { tries: this.tries }
    const round = [
      () => this.#do('discovery', isThere, () => rp.get(`${rp.issuer}/.well-known/openid-configuration`)),
      () => this.#do('jwks', isThere, () => rp.get(jwks)),
      () => this.#do('userinfo', isTheirs, () => rp.userinfo(held.tokens.access_token)),
      () => this.#do('introspection', isActive, () => rp.introspect(held.tokens.access_token), repeated),
      () => this.#do('client credentials', isThere, () => machine.token({ grant_type: 'client_credentials' }), repeated),
    ]
    // Refreshes the access token in each round, so that its lifetime may be short.
    await this.#repeat([...round, ...round, ...round, () => this.#refresh(held)])
  }

  async #refresh(held) {
    const isGood = ({ status }) => status === 200
    const send = () => held.rp.refresh(held.tokens.refresh_token)
    const answer = await this.#do('refresh', isGood, send, { tries: this.tries })
    if (answer) held.tokens = answer.json()
  }

  async #chain(held) {
    await this.#repeat([() => this.#refresh(held)])
  }

  async #session({ rp, agent }) {
    await this.#repeat([async () => {
      const tokens = await this.#tokens(rp, agent, {})
      if (!tokens) return
      const { header } = await rp.verifyIdToken(tokens.id_token)
      this.onSigned?.(header.kid)
    }])
  }

  async #visitors(every) {
    while (!this.#stopped) {
      await this.arrive(user('ben')).catch(() => {})
      await this.#wait(every)
    }
  }

  /** Signs in, revokes the tokens and signs out, repeatedly. */
  async #leavers(every) {
    while (!this.#stopped) {
      const held = await this.arrive(user('ben')).catch(() => null)
      if (held) await this.#leave(held)
      await this.#wait(every)
    }
  }

  async #leave({ rp, agent, tokens }) {
    const repeated = { tries: this.tries }
    const give = () => rp.revoke(tokens.refresh_token)
    if (await this.#do('revocation', ({ status }) => status === 200, give, repeated)) this.revoked.push({ rp, tokens })
    const params = { id_token_hint: tokens.id_token, post_logout_redirect_uri: rp.client.postLogoutRedirectUri }
    const leave = async () => {
      const page = await rp.endSession(agent, params)
      return page.logoutForm ? agent.logOut(page) : page
    }
    if (await this.#do('logout', ({ kind }) => kind === 'callback', leave, repeated)) this.left.push({ rp, agent })
  }

  /** Describes what still works among the last `count` revoked grants and the last `count` ended sessions. */
  async alive(count = 20) {
    const found = []
    for (const { rp, tokens } of this.revoked.slice(-count)) {
      const answer = await rp.refresh(tokens.refresh_token)
      if (answer.status !== 400 || answer.json().error !== 'invalid_grant') found.push(`a revoked refresh token: ${answer}`)
      if (await rp.isActive(tokens.access_token)) found.push('an access token of a revoked grant')
    }
    for (const { rp, agent } of this.left.slice(-count)) {
      const { at } = await rp.authorize(agent, { prompt: 'none' })
      if (at.params?.error !== 'login_required') found.push(`a session that was signed out: ${at}`)
    }
    return found
  }

  async #repeat(steps) {
    while (!this.#stopped) {
      for (const step of steps) {
        if (this.#stopped) return
        await step()
        await this.#wait(this.think * (0.5 + Math.random()))
      }
    }
  }

  async #wait(milliseconds) {
    const end = Date.now() + milliseconds
    while (!this.#stopped && Date.now() < end) await sleep(Math.min(100, end - Date.now()))
  }

  /**
   * Signs people in and starts the workers, which run until `stop`. `visitors`: milliseconds between people who sign
   * in; `leavers`: between people who sign in, revoke and sign out.
   */
  async start({ readers = 1, chains = 1, sessions = 1, visitors = 0, leavers = 0 } = {}) {
    this.chains = []
    /** What the server acknowledged: revoked grants and, in `left`, ended sessions. */
    this.revoked = []
    this.left = []
    /** The people who signed in at the start. */
    this.people = []
    const begin = async (count, work) => {
      for (let n = 0; n < count; n++) {
        const held = await this.arrive()
        this.people.push(held)
        this.#workers.push([work, held])
      }
    }
    await begin(readers, (held) => this.#reader(held))
    await begin(chains, (held) => {
      this.chains.push(held)
      return this.#chain(held)
    })
    await begin(sessions, (held) => this.#session(held))
    this.#workers = this.#workers.map(([work, held]) => work(held))
    if (visitors) this.#workers.push(this.#visitors(visitors))
    if (leavers) this.#workers.push(this.#leavers(leavers))
    return this
  }

  async stop() {
    this.#stopped = true
    await Promise.all(this.#workers)
    return this.outcomes
  }
}
