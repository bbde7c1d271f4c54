// Mixed load: what applications and people do with a server all day, and whether each answer was right.
//
// An answer is `ok`, `paused` (503 with Retry-After, or the error an application gets on a redirect), `cut` (no answer, or
// the proxy's word that there is none), or `wrong`, which nothing excuses. Safe requests are sent once. The others are
// repeated as an honest client would: the same refresh token, a new code for one whose exchange got no answer.

import { client as fixture, user } from './fixtures.mjs'
import { someAddress } from './http.mjs'
import { sleep } from './porta.mjs'
import { Rp } from './rp.mjs'

const PAUSE_MS = 250

export class Tally {
  ops = {}
  wrong = []
  /** When something had to be repeated. */
  repeats = []
  /** Every outcome, from when to when. */
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

  /** For each operation its counts and latencies in milliseconds. */
  summary() {
    const at = (sorted, part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0)
    return Object.fromEntries(Object.entries(this.ops).map(([op, { ms, ...counts }]) => {
      const sorted = ms.toSorted((a, b) => a - b)
      return [op, { ...counts, p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: at(sorted, 1) }]
    }))
  }
}

/** What an answer of the server, or a page or callback in a browser, amounts to. */
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
   * `tries`: how often a request that is not safe is sent in all. `think`: milliseconds between two requests of one
   * worker.
   */
  constructor({ issuer, connect, tries = 1, think = 150, tally = new Tally(), options = {} }) {
    Object.assign(this, { issuer, connect, tries, think, tally, options })
  }

  rp(id = 'e2e-es256', issuer = this.issuer) {
    return new Rp(issuer, fixture(id), { connect: this.connect, from: someAddress(), timeout: 30_000, ...this.options })
  }

  /** One operation; the answer when it was good, else null. With `goesOn` the caller has another way to get there. */
  async #do(op, isGood, send, { tries = 1, goesOn = false } = {}) {
    for (let left = tries; left > 0; left--) {
      const begun = performance.now()
      const answer = await send().catch((error) => error)
      const result = outcome(answer, isGood)
      const isWorthAnother = ['paused', 'cut'].includes(result) && (goesOn || left > 1)
      this.tally.note(op, isWorthAnother ? 'again' : result, performance.now() - begun, String(answer))
      if (result === 'ok') return answer
      if (!isWorthAnother) return null
      await sleep(PAUSE_MS)
    }
    return null
  }

  /** A code: a browser's GETs are safe; who was typing a password begins anew. */
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

  /** A code and its tokens. An exchange without an answer may have spent the code: then another code is asked for. */
  async #tokens(rp, agent, { person, extra = {} }) {
    for (let left = this.tries; left > 0; left--) {
      const flow = await this.#code(rp, agent, { person, extra, tries: person ? this.tries : 1 })
      if (!flow) return null
      const isGood = ({ status }) => status === 200
      const answer = await this.#do('code exchange', isGood, () => rp.redeem(flow), { goesOn: left > 1 })
      if (answer) return answer.json()
      if (this.tally.wrong.at(-1)?.includes('code exchange')) return null
    }
    return null
  }

  /** A person who signed in, with tokens that outlive the browser session. Also for a test that looks closer. */
  async arrive(person = user('ada')) {
    const rp = this.rp()
    const agent = rp.agent()
    await rp.metadata()
    const tokens = await this.#tokens(rp, agent, {
      person,
      extra: { scope: 'openid email offline_access', prompt: 'consent' },
    })
    if (!tokens) throw new Error(`could not sign in: ${this.tally.wrong.at(-1) ?? 'no answer'}`)
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
    // Now and then a new access token, so that lifetimes may be short.
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

  /** Arrives, gives the tokens back and signs out, again and again. */
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

  /** Of what was acknowledged as over, the last so many: what works all the same, in words. */
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
   * Signs people in and lets them, and the applications, work until `stop`. `visitors`, `leavers`: every so many ms somebody
   * signs in, or signs in and out again.
   */
  async start({ readers = 1, chains = 1, sessions = 1, visitors = 0, leavers = 0 } = {}) {
    this.chains = []
    /** What the server acknowledged as over: grants given back, browsers signed out. */
    this.revoked = []
    this.left = []
    /** Everybody who signed in to begin with. */
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
    return this.tally
  }
}
