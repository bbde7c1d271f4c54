// Checks that verifiers never lack a key: every instance publishes a key for at least the cache lifetime of the key set
// before the key signs, and keeps publishing it until everything it signed has expired.

import { sleep } from './porta.mjs'

/** Every instance must publish a new key within this after the rotation. */
export const PUBLISHED_WITHIN_MS = 1_000

/** Polls the key set of each instance and records the answers. */
export class KeyWatch {
  #stopped = false
  #looking
  answers = []
  rotations = []
  signed = new Map()

  constructor(instances, slug) {
    Object.assign(this, { instances, path: `/${slug}/jwks` })
  }

  async start() {
    for (const instance of this.instances) await this.#ask(instance)
    this.initial = this.answers[0].kids
    this.#looking = this.instances.map((instance) => this.#look(instance))
    return this
  }

  async #ask(instance) {
    const asked = Date.now()
    const { status, headers, bytes } = await instance.get(this.path, { timeout: 1_000 })
    if (status !== 200) return
    this.cacheMs = Number(/max-age=(\d+)/.exec(headers['cache-control'])[1]) * 1000
    const kids = new Set(JSON.parse(bytes).keys.map(({ kid }) => kid))
    this.answers.push({ name: instance.name, asked, at: Date.now(), kids })
  }

  async #look(instance) {
    while (!this.#stopped) {
      // The instance may be away at the moment.
      await this.#ask(instance).catch(() => {})
      await sleep(100)
    }
  }

  /** `rows` are the output of `porta keys rotate --json`, which has just ended. */
  rotated(rows) {
    this.rotations.push({ at: Date.now(), rows })
  }

  sawSignature(kid) {
    if (!this.signed.has(kid)) this.signed.set(kid, Date.now())
  }

  async stop() {
    this.#stopped = true
    await Promise.all(this.#looking)
    return keyFaults({ ...this, names: this.instances.map(({ name }) => name) })
  }
}

/**
 * Every violation. `initial`: the keys at the beginning; `answers`: what each instance published and when; `rotations`:
 * which keys were made and retired and when; `signed`: when the first signature of each key was seen.
 */
export function keyFaults({ names, initial, answers, rotations, signed, cacheMs }) {
  const faults = []
  const due = new Map([...initial].map((kid) => [kid, { since: 0, until: Infinity }]))
  for (const { at, rows } of rotations) {
    for (const { next, retired, retiredUntil } of rows) {
      due.set(next, { since: at + PUBLISHED_WITHIN_MS, until: Infinity })
      if (due.has(retired)) due.get(retired).until = Date.parse(retiredUntil)
    }
  }
  for (const { name, asked, at, kids } of answers) {
    for (const [kid, { since, until }] of due) {
      if (asked > since && at < until && !kids.has(kid)) faults.push(`${name} does not publish ${kid} at ${at}`)
    }
  }
  for (const [kid, when] of signed) {
    for (const name of names) {
      const first = answers.find((answer) => answer.name === name && answer.kids.has(kid))
      const known = when - first?.at
      if (!(known > (initial.has(kid) ? 0 : cacheMs))) faults.push(`${kid} signed ${known} ms after ${name} published it`)
    }
  }
  return faults
}
