// A relying party that verifies ID tokens with a key set which it caches for as long as the Cache-Control header of the
// answer allows (RFC 9111), and never asks earlier: not for a key that it does not know either.

import { createLocalJWKSet, jwtVerify } from 'jose'

/** Time as a server with a moved clock sees it. It passes only between the operations that run under `hold`. */
export class Time {
  #offset = 0
  #holders = 0
  #moving = null
  #idle = null

  /** `clock`: the Clock of all servers. */
  constructor(clock) {
    this.clock = clock
  }

  now() {
    return Date.now() + this.#offset * 1000
  }

  /** Runs an operation during which no time is skipped. */
  async hold(work) {
    while (this.#moving) await this.#moving
    this.#holders++
    try {
      return await work()
    } finally {
      if (--this.#holders === 0) this.#idle?.()
    }
  }

  /** Lets seconds pass, in steps, with operations between them. */
  async pass(seconds, { step, between }) {
    for (let left = seconds; left > 0; left -= step) {
      let over
      this.#moving = new Promise((done) => (over = done))
      if (this.#holders > 0) await new Promise((idle) => (this.#idle = idle))
      this.#offset += step
      this.clock.set(this.#offset)
      this.#moving = null
      over()
      await between()
    }
  }
}

export class Verifier {
  #keys
  #until = 0
  fetched = 0

  /** `rp`: whose metadata and keys are read; `startsAt`: no earlier than then, so that caches end at different times. */
  constructor(rp, time, { name, startsAt = 0 }) {
    Object.assign(this, { rp, time, name, startsAt })
  }

  async #current() {
    const asked = this.time.now()
    if (asked >= this.#until) {
      const { jwks_uri: url } = await this.rp.metadata()
      const answer = await this.rp.get(url)
      if (answer.status !== 200) throw new Error(`no keys: ${answer}`)
      const lifetime = Number(/(?:^|[ ,])max-age=(\d+)/.exec(answer.headers['cache-control'])?.[1])
      if (!(lifetime > 0)) throw new Error(`the key set may not be cached: ${answer.headers['cache-control']}`)
      this.#keys = createLocalJWKSet(answer.json())
      this.#until = asked + lifetime * 1000
      this.fetched++
    }
    return this.#keys
  }

  /** Verifies an ID token, or fails. `false`: this verifier has not started yet. */
  async verify(token) {
    if (this.time.now() < this.startsAt) return false
    const keys = await this.#current()
    await jwtVerify(token, keys, {
      issuer: this.rp.issuer,
      audience: this.rp.client.id,
      algorithms: [this.rp.client.alg],
      requiredClaims: ['sub', 'exp', 'iat'],
      clockTolerance: 5,
      currentDate: new Date(this.time.now()),
    })
    return true
  }
}
