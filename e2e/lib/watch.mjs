// Polls the probes during a fault, and checks that their answers are correct.

import assert from 'node:assert/strict'

const EVERY_MS = 200
const LIMIT_MS = 3_000
/** After a dependency's return everything must work again within this. */
export const BACK_WITHIN_MS = 2_000
/** Probes within a quarter of a second are coalesced, so an answer may be that old. */
const SHARED_MS = 300
/** How long a check marked BRIEFLY may fail. */
const BRIEF_MS = 1_000
/** The check may fail for a moment after the fault began. */
export const BRIEFLY = 'briefly'
/** The check must fail at least once, and may succeed in between. */
export const NOW_AND_THEN = 'now and then'

export class Watch {
  #samples = []
  #asked = []

  constructor(porta) {
    this.timer = setInterval(() => {
      // Does not wait for the previous answer.
      for (const path of ['/health', '/ready']) this.#asked.push(this.#ask(porta, path))
    }, EVERY_MS)
  }

  async #ask(porta, path) {
    const sample = { path, at: performance.now() }
    this.#samples.push(sample)
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

  /** All answers, each with the times of request and response. */
  async stop() {
    clearInterval(this.timer)
    await Promise.all(this.#asked)
    return this.#samples
  }
}

/**
 * The fault began between `from` and `struck`, and ended between `healing` and `until`. `down`: the checks that must
 * fail meanwhile, for example `{ db: true }`; the others must not fail.
 */
export function assertTruthful(samples, { from, struck, healing, until }, down) {
  const during = samples.filter((sample) => sample.at >= struck + SHARED_MS && sample.until <= healing)
  for (const path of ['/health', '/ready']) {
    assert.ok(during.filter((sample) => sample.path === path).length >= 2, `${path} was asked during the fault`)
  }
  for (const sample of samples) {
    const { path, at, error, status, db, redis } = sample
    assert.equal(error, undefined, `${path}: ${error}`)
    assert.ok(sample.until - at < LIMIT_MS, `${path} took ${Math.round(sample.until - at)} ms`)
    assert.equal(status, db && redis ? 200 : 503, JSON.stringify(sample))
    for (const check of ['db', 'redis']) {
      const expected = down[check] ?? false
      const isOutside = sample.until < from || at > until + BACK_WITHIN_MS
      const isOver = expected === BRIEFLY && at > struck + BRIEF_MS
      const when = `${check}: ${JSON.stringify(sample)}, ${JSON.stringify({ from, struck, healing, until })}`
      if (!expected || isOutside || isOver) assert.equal(sample[check], true, when)
      else if (expected === true && during.includes(sample)) assert.equal(sample[check], false, when)
    }
  }
  for (const check of ['db', 'redis']) {
    if (down[check] === NOW_AND_THEN) assert.ok(during.some((sample) => !sample[check]), `${check} failed during the fault`)
    if (down[check] === BRIEFLY) assert.ok(during.some(({ at }) => at > struck + BRIEF_MS), 'asked after the first moment')
  }
}
