// Runs a server, makes its dependencies fail, and checks what must hold under every fault:
//
// - the process stays up;
// - /health and /ready, polled every 200 ms, answer correctly within three seconds;
// - no answer is wrong: each is right, or 503 with Retry-After;
// - operations that do not need the dependency stay fast;
// - what was acknowledged is kept, and nothing can be used twice;
// - requests succeed within two seconds of the dependency's return, in the same process, and none fails later.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Load, Outcomes } from './load.mjs'
import { Porta, STORE, Store, eventually, sleep } from './porta.mjs'
import { assertTokenError } from './rp.mjs'
import { Toxic } from './toxic.mjs'
import { BACK_WITHIN_MS, Watch, assertTruthful } from './watch.mjs'

const run = promisify(execFile)

/** A fault is extended by up to this, until every operation that must meet it has met it. */
const MEET_WITHIN_MS = 15_000
/**
 * Limit for operations that go on during a fault. They wait half a second at most for a dependency that is away (the
 * response timeout of Redis); the rest is reserve for a busy machine.
 */
const PROMPT_MS = 1_500
/** Limit for every operation to have run once, before a fault and again after it. */
const ROUND_MS = 10_000

/** Load that records every use of a code or refresh token: by whom, when, and whether it was acknowledged. */
class Witness extends Load {
  redeemed = []
  rotated = []

  rp(...which) {
    const rp = super.rp(...which)
    const witness = (method, uses) => {
      const send = rp[method].bind(rp)
      rp[method] = async (used, ...rest) => {
        const use = { rp, used, at: performance.now() }
        uses.push(use)
        try {
          const answer = await send(used, ...rest)
          use.isAcknowledged = answer.status === 200
          return answer
        } finally {
          use.until = performance.now()
        }
      }
    }
    witness('redeem', this.redeemed)
    witness('refresh', this.rotated)
    return rp
  }
}

export class Rig {
  /** Starts a server with a proxy in front of each service; `env` and `wrap` (see Porta) are functions of the rig. */
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

  load(outcomes) {
    return new Witness({ issuer: this.porta.issuer(), think: 100, outcomes })
  }

  /**
   * Runs `begin`, keeps the fault up for `seconds` under mixed load, runs `end`, and checks everything listed above.
   * `down`: the checks of the probes that must fail meanwhile (see assertTruthful). `pauses`: operations that must each
   * pause at least once, which proves that the fault was real; the fault is extended until they have. `some`:
   * operations of which at least one must pause, where chance decides which. `works`: operations that must not pause
   * and must succeed during the fault, each within `prompt` milliseconds. `lingers`: milliseconds that a request may
   * take that was running when the fault began. `visitors`: milliseconds between people who sign in.
   */
  async fault({
    begin, end, seconds = 3, down = {}, pauses = [], some = [], works = [], prompt = PROMPT_MS, lingers = 0, visitors = 0,
  }) {
    const { pid } = this.porta
    await this.#forget()
    this.after = new Outcomes()
    const held = await this.load().arrive()
    const waiting = await held.rp.code(held.agent, { prompt: 'none' })
    const spent = await held.rp.code(held.agent, { prompt: 'none' })
    await held.rp.tokens(spent)
    const old = held.tokens.refresh_token

    const load = await this.load().start({ readers: 2, chains: 2, sessions: 1, visitors, leavers: 400 })
    await sleep(300)
    const watch = new Watch(this.porta)
    await sleep(500)
    const { outcomes } = load
    // Every operation has succeeded once, so what the server answers from memory is in memory.
    const known = performance.now() + ROUND_MS
    while (![...pauses, ...some, ...works].every((op) => outcomes.ops[op]?.ok > 0) && performance.now() < known) await sleep(100)
    const when = { from: performance.now() }
    const isDuring = ({ at, until }) => at >= when.struck && until <= (when.healing ?? Infinity)
    const met = (op) => outcomes.times.some((t) => t.op === op && t.outcome === 'paused' && t.until >= when.from)
    const goesOn = (op) => outcomes.times.some((t) => t.op === op && t.outcome === 'ok' && isDuring(t) && t.until - t.at < prompt)
    const isMet = () => pauses.every(met) && (some.length === 0 || some.some(met)) && works.every(goesOn)
    let back
    let samples
    try {
      try {
        await begin()
        when.struck = performance.now()
        await sleep(seconds * 1000)
        const patience = performance.now() + MEET_WITHIN_MS
        while (!isMet() && performance.now() < patience) await sleep(100)
        when.healing = performance.now()
      } finally {
        await end()
        when.until = performance.now()
      }
      back = await this.#back()
      await this.#soundAgain(outcomes, when.until)
    } finally {
      samples = await watch.stop()
      await load.stop()
    }

    const told = JSON.stringify(outcomes.summary())
    assert.ok(this.porta.running && this.porta.pid === pid, `the process ended\n${this.porta.tail()}`)
    assertTruthful(samples, when, down)
    assert.deepEqual([...outcomes.wrong, ...this.after.wrong], [], 'no answer is wrong')
    assert.equal(outcomes.total('cut'), 0, `nobody is cut off: ${told}`)
    for (const op of pauses) assert.ok(met(op), `${op} met the fault: ${told}`)
    assert.ok(some.length === 0 || some.some(met), `nobody met the fault: ${told}`)
    for (const op of works) {
      assert.equal(outcomes.ops[op]?.paused, 0, `${op} goes on: ${told}`)
      assert.ok(goesOn(op), `${op} goes on during the fault: ${told}`)
    }
    const slow = outcomes.times.filter((t) => works.includes(t.op) && t.at >= when.struck && t.until - t.at >= prompt)
    assert.deepEqual(slow, [], `what goes on does so within ${prompt} ms`)
    assert.ok(back < BACK_WITHIN_MS, `back after ${Math.round(back)} ms`)
    assertBack([outcomes, this.after], when, lingers)

    await this.#assertKept({ held, waiting, spent, old, load, when })
    const slowest = Math.max(...samples.map(({ at, until }) => until - at))
    console.log(`# back after ${Math.round(back)} ms; slowest probe ${Math.round(slowest)} ms; ${outcomes.total('ok')} ok, ${outcomes.total('paused')} paused`)
    return outcomes
  }

  /** Milliseconds until a whole sign-in, code exchange included, succeeds. `after` counts the attempts before. */
  async #back() {
    const begun = performance.now()
    for (;;) {
      const started = performance.now()
      try {
        await this.load(this.after).arrive()
        return performance.now() - begun
      } catch (error) {
        assert.ok(started - begun < 30_000, `not back within half a minute: ${error.message}`)
      }
      await sleep(25)
    }
  }

  /**
   * Makes the server drop what it holds in memory. Read again, it lasts a minute and does not expire during the fault.
   * A notice that the server cannot parse makes it drop everything.
   */
  async #forget() {
    if (STORE !== 'postgres') return
    const redis = async (...command) => (await run('redis-cli', ['-u', this.store.redis, ...command])).stdout.trim()
    const database = new URL(this.store.redis).pathname.slice(1)
    await eventually('the server hears that it must forget', async () => {
      const channel = await redis('PUBSUB', 'CHANNELS', `*:notices:${database}`)
      return channel !== '' && Number(await redis('PUBLISH', channel, 'anything')) > 0
    })
  }

  /** Keeps the load running until each operation has succeeded after the recovery, a new sign-in included. */
  async #soundAgain(outcomes, until) {
    const sound = until + BACK_WITHIN_MS
    await sleep(Math.max(0, sound - performance.now()) + 1)
    await this.load(this.after).arrive()
    const patience = performance.now() + ROUND_MS
    while (!isSound([outcomes, this.after], sound) && performance.now() < patience) await sleep(100)
  }

  async #assertKept({ held, waiting, spent, old, load, when }) {
    assert.deepEqual(await load.alive(), [], 'what was given back or signed out is over')
    const isDuring = ({ at, until }) => until >= when.from && at <= when.until
    const redeemed = load.redeemed.filter(isDuring)
    const rotated = load.rotated.filter((use) => isDuring(use) && use.isAcknowledged)
    const { rp, agent, tokens } = held
    const info = await rp.userinfo(tokens.access_token)
    assert.equal(info.status, 200, `an access token from before: ${info}`)
    const next = await rp.refresh(old)
    assert.equal(next.status, 200, `a refresh token from before: ${next}`)
    for (const person of load.people) {
      const answer = await person.rp.refresh(person.tokens.refresh_token)
      assert.equal(answer.status, 200, `the last acknowledged refresh token of a person: ${answer}`)
    }
    assert.deepEqual((await rp.code(agent, { prompt: 'none' })).asked, [], 'the browser session')
    assert.equal((await rp.redeem(waiting)).status, 200, 'a code nobody touched')
    assertTokenError(await rp.redeem(waiting), 'invalid_grant')
    assertTokenError(await rp.redeem(spent), 'invalid_grant')
    for (const { rp: theirs, used, isAcknowledged } of redeemed) {
      // A code whose exchange was not acknowledged may be spent or not; it works once at most.
      const first = await theirs.redeem(used)
      if (isAcknowledged || first.status !== 200) assertTokenError(first, 'invalid_grant')
      else assertTokenError(await theirs.redeem(used), 'invalid_grant')
    }
    for (const person of load.people) {
      // A replay revokes the whole token family, so only one can be tried: the last, which could have been lost.
      const use = rotated.findLast(({ rp: theirs }) => theirs === person.rp)
      if (use) assertTokenError(await use.rp.refresh(use.used), 'invalid_grant')
    }
  }
}

const timesOf = (recorded) => recorded.flatMap(({ times }) => times)

/** Whether each operation has succeeded at least once with a request that began after `time`. */
function isSound(recorded, time) {
  const well = new Set(timesOf(recorded).filter(({ at, outcome }) => at > time && outcome === 'ok').map(({ op }) => op))
  return recorded.every(({ ops }) => Object.keys(ops).every((op) => well.has(op)))
}

/** From two seconds after the fault, every operation works, none fails, and no request from before still waits. */
function assertBack(recorded, { until }, lingers) {
  const sound = until + BACK_WITHIN_MS
  const failed = timesOf(recorded).filter(({ at, outcome }) => at > sound && outcome !== 'ok')
  assert.deepEqual(failed, [], `nothing fails after ${sound}`)
  const late = timesOf(recorded).filter((t) => t.at <= until && t.until > Math.max(sound, t.at + lingers))
  assert.deepEqual(late, [], `everybody is answered by ${sound}`)
  assert.ok(isSound(recorded, sound), `everything works after ${sound}: ${JSON.stringify(recorded.map((t) => t.summary()))}`)
}
