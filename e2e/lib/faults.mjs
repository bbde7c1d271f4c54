// A server whose dependencies can be made to misbehave, and the promises that hold whatever they do:
//
// - the process lives on;
// - /health and /ready answer within three seconds, asked every 200 ms, and truthfully;
// - no answer is wrong: right, or 503 with Retry-After;
// - what was acknowledged is there afterwards, and nothing can be used twice;
// - real requests succeed within two seconds of the dependency's return, by the same process.

import assert from 'node:assert/strict'
import { Load, Tally } from './load.mjs'
import { Porta, STORE, Store, sleep } from './porta.mjs'
import { assertTokenError } from './rp.mjs'
import { Toxic } from './toxic.mjs'

const PROBE_EVERY_MS = 200
const PROBE_LIMIT_MS = 3_000
/** How much longer a fault may last until everybody who should has met it. */
const MEET_WITHIN_MS = 15_000
const BACK_WITHIN_MS = 2_000
/** What a fault may take to be noticed: a probe that was answered before it began is not a lie. */
export const EITHER = 'either'

/** Asks the probes all the time, whatever became of the question before. */
class Watch {
  samples = []
  #asked = []

  constructor(porta) {
    this.timer = setInterval(() => {
      for (const path of ['/health', '/ready']) this.#asked.push(this.#ask(porta, path))
    }, PROBE_EVERY_MS)
  }

  async #ask(porta, path) {
    const sample = { path, at: performance.now() }
    this.samples.push(sample)
    try {
      const { status, ...answer } = await porta.get(path, { timeout: 10_000 })
      const { checks } = JSON.parse(answer.bytes)
      const { db = checks.database, redis } = checks
      Object.assign(sample, { status, db: db === 'ok' || db.ok === true, redis: redis === 'ok' || redis.ok === true })
    } catch (error) {
      sample.error = error.message
    }
    sample.until = performance.now()
  }

  async stop() {
    clearInterval(this.timer)
    await Promise.all(this.#asked)
    return this.samples
  }
}

/** `down`: which checks must fail meanwhile, `{ db: true }` for example; EITHER where the fault comes and goes. */
function assertTruthful(samples, { from, until, down }) {
  assert.ok(samples.length > 10, 'probes were asked')
  for (const sample of samples) {
    assert.equal(sample.error, undefined, `${sample.path}: ${sample.error}`)
    assert.ok(sample.until - sample.at < PROBE_LIMIT_MS, `${sample.path} took ${Math.round(sample.until - sample.at)} ms`)
    assert.equal(sample.status, sample.db && sample.redis ? 200 : 503, JSON.stringify(sample))
    const isDuring = sample.at >= from && sample.until <= until
    const isOutside = sample.until < from || sample.at > until + BACK_WITHIN_MS
    for (const check of ['db', 'redis']) {
      const when = `${check} ${isDuring ? 'during' : 'outside'} the fault: ${JSON.stringify(sample)}, ${from}..${until}`
      if (isOutside) assert.equal(sample[check], true, when)
      else if (isDuring && down[check] !== EITHER) assert.equal(sample[check], !down[check], when)
    }
  }
}

export class Rig {
  /** A server behind a proxy for each service; `env` and `wrap` (see Porta) are functions of the rig. */
  static async start(name, { env = () => ({}), wrap = () => [] } = {}) {
    const rig = new Rig()
    rig.store = await Store.create()
    const { DATABASE_URL: database, REDIS_URL: redis } = rig.store.env
    if (STORE === 'postgres') {
      rig.database = database
      rig.pg = await Toxic.before(new URL(database))
      rig.redis = await Toxic.before(new URL(redis))
      Object.assign(rig.store.env, { DATABASE_URL: rig.pg.through(database), REDIS_URL: rig.redis.through(redis) })
    }
    rig.porta = await Porta.start({ name, store: rig.store, env: env(rig), wrap: wrap(rig) })
    return rig
  }

  async end() {
    try {
      await this.pg?.heal()
      await this.redis?.heal()
      await this.porta?.end()
    } finally {
      await this.pg?.close()
      await this.redis?.close()
      await this.store.drop()
    }
  }

  load(tally) {
    return new Load({ issuer: this.porta.issuer(), think: 100, tally })
  }

  /**
   * Runs `begin`, lets mixed load meet the fault for `seconds`, runs `end`, and checks every promise. `keepsSessions`:
   * whether browser sessions and codes must have survived; `measure`: what shows that service is back; `pauses`: operations
   * that must each have paused, so that the fault was real (it goes on until they have); `some`: operations of which at
   * least one must have, where it is a matter of luck which; `works`: those that must not have.
   */
  async fault({ begin, end, seconds = 3, down = {}, pauses = [], some = [], works = [], keepsSessions = true, measure }) {
    const { pid } = this.porta
    this.after = new Tally()
    const held = await this.load().arrive()
    const waiting = await held.rp.code(held.agent, { prompt: 'none' })
    const spent = await held.rp.code(held.agent, { prompt: 'none' })
    await held.rp.tokens(spent)
    const old = held.tokens.refresh_token

    const load = await this.load().start({ readers: 2, chains: 2, sessions: 1 })
    await sleep(300)
    const watch = new Watch(this.porta)
    await sleep(500)
    const from = performance.now()
    let until
    try {
      await begin()
      await sleep(seconds * 1000)
      const paused = (op) => load.tally.ops[op]?.paused > 0
      const isMet = () => pauses.every(paused) && (some.length === 0 || some.some(paused))
      const patience = performance.now() + MEET_WITHIN_MS
      while (!isMet() && performance.now() < patience) await sleep(100)
    } finally {
      await end()
      until = performance.now()
    }
    const back = await this.#back(measure)
    // The load goes on for a while in the sound state, to see that nothing was left behind.
    await sleep(2_500)
    const samples = await watch.stop()
    const tally = await load.stop()

    assert.ok(this.porta.running && this.porta.pid === pid, `the process ended\n${this.porta.tail()}`)
    assertTruthful(samples, { from, until, down })
    assert.deepEqual([...tally.wrong, ...this.after.wrong], [], 'no answer is wrong')
    assert.equal(tally.total('cut'), 0, `nobody is cut off: ${JSON.stringify(tally.summary())}`)
    for (const op of pauses) assert.ok(tally.ops[op]?.paused > 0, `${op} met the fault: ${JSON.stringify(tally.summary())}`)
    assert.ok(some.length === 0 || some.some((op) => tally.ops[op]?.paused > 0), `nobody met the fault: ${JSON.stringify(tally.summary())}`)
    for (const op of works) assert.equal(tally.ops[op]?.paused, 0, `${op} goes on: ${JSON.stringify(tally.summary())}`)
    assert.ok(back < BACK_WITHIN_MS, `back after ${Math.round(back)} ms`)

    await this.#assertKept({ held, waiting, spent, old, load, keepsSessions })
    const slowest = Math.max(...samples.map(({ at, until: done }) => done - at))
    console.log(`# back after ${Math.round(back)} ms; slowest probe ${Math.round(slowest)} ms; ${tally.total('ok')} ok, ${tally.total('paused')} paused`)
    return tally
  }

  /** Milliseconds until a whole sign-in, exchange and all, has succeeded. No attempt before may have gone wrong. */
  async #back(attempt = () => this.load(this.after).arrive()) {
    const begun = performance.now()
    for (;;) {
      const started = performance.now()
      try {
        await attempt()
        return performance.now() - begun
      } catch (error) {
        assert.ok(started - begun < 30_000, `not back within half a minute: ${error.message}`)
      }
      await sleep(25)
    }
  }

  async #assertKept({ held, waiting, spent, old, load, keepsSessions }) {
    const { rp, agent, tokens } = held
    const info = await rp.userinfo(tokens.access_token)
    assert.equal(info.status, 200, `an access token from before: ${info}`)
    const next = await rp.refresh(old)
    assert.equal(next.status, 200, `a refresh token from before: ${next}`)
    for (const chain of load.chains) {
      const answer = await chain.rp.refresh(chain.tokens.refresh_token)
      assert.equal(answer.status, 200, `the last acknowledged refresh token of a chain: ${answer}`)
    }
    if (keepsSessions) {
      assert.deepEqual((await rp.code(agent, { prompt: 'none' })).asked, [], 'the browser session')
      assert.equal((await rp.redeem(waiting)).status, 200, 'a code nobody touched')
      assertTokenError(await rp.redeem(waiting), 'invalid_grant')
    }
    assertTokenError(await rp.redeem(spent), 'invalid_grant')
  }
}
