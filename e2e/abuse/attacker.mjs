// What all attacks share.

import { randomInt } from 'node:crypto'
import { random, s256 } from '../lib/rp.mjs'
import { form } from '../lib/http.mjs'
import { Wire, bytes, header } from './wire.mjs'

const WRONG_AT_MOST = 5

export class Attacker {
  /** Number of responses by status, and of failed requests by error. */
  statuses = {}
  /** Other values for the report. */
  figures = {}
  /** Responses that the server must never give. */
  wrong = []

  /** `order`: the server's address and its test data. */
  constructor(order, signal) {
    Object.assign(this, order, { signal })
  }

  get isOver() {
    return this.signal.aborted
  }

  count(what) {
    this.statuses[what] = (this.statuses[what] ?? 0) + 1
  }

  /** Reports a response that the server must never give. */
  refute(text) {
    if (this.wrong.length < WRONG_AT_MOST) this.wrong.push(text)
  }

  wire(options = {}) {
    return new Wire({ port: this.port, ca: this.ca, ...options })
  }

  /**
   * What became of a form: `refused` if it leads back to the page it was on, else the status. Whoever is let in is led
   * elsewhere.
   */
  outcome({ status, head }) {
    if (status !== 303) return status
    const path = new URL(header(head, 'location') ?? '', this.base).pathname
    return /\/interaction\/[^/]+$/.test(path) ? 'refused' : status
  }

  /** A request to the attacked organization. `from`: the caller's address that the proxy sends in `X-Forwarded-For`. */
  request(method, path, { from, headers = {}, fields } = {}) {
    const said = { host: this.host, ...(from ? { 'x-forwarded-for': from } : {}), ...headers }
    if (fields) Object.assign(said, { 'content-type': 'application/x-www-form-urlencoded', origin: this.base })
    return bytes(method, `/${this.attacked}${path}`, said, fields ? form(fields) : '')
  }

  /** Parameters of an authorization request. */
  start(extra = {}) {
    const { id, redirectUri } = this.world[this.attacked].web
    return {
      client_id: id, response_type: 'code', redirect_uri: redirectUri, scope: 'openid email',
      state: random(), nonce: random(), code_challenge: s256(random(48)), code_challenge_method: 'S256', ...extra,
    }
  }

  /** Opens the first page of a sign-in. Returns `post(action, fields, network)`, which builds the request of a form. */
  async begin(wire, { from, extra } = {}) {
    const begun = await wire.ask(this.request('GET', `/auth?${form(this.start(extra))}`, { from }))
    const path = new URL(header(begun.head, 'location') ?? '', this.base).pathname
    const uid = /\/interaction\/([^/]+)$/.exec(path)?.[1]
    if (!uid) throw new Error(`no sign-in begins: ${begun.head.slice(0, 300)}`)
    const cookies = [...begun.head.matchAll(/^set-cookie: *([^;]+);(.*)$/gim)]
    const cookie = cookies.filter(([, , scope]) => scope.includes('/interaction/')).map(([, pair]) => pair).join('; ')
    const page = await wire.ask(this.request('GET', `/interaction/${uid}`, { from, headers: { cookie, accept: 'text/html' } }))
    const csrf = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1]
    if (!csrf) throw new Error(`no form: ${page.status} ${page.body.slice(0, 300)}`)
    return (action, fields, network = from) => this.request('POST', `/interaction/${uid}/${action}`, {
      from: network, headers: { cookie, accept: 'text/html' }, fields: { _csrf: csrf, ...fields },
    })
  }

  /** Repeats `work` on `count` connections in parallel until the end. Failures are counted, and the work is retried. */
  async crowd(count, work) {
    await Promise.all(Array.from({ length: count }, async (_, n) => {
      while (!this.isOver) {
        try {
          await work(n)
        } catch (error) {
          if (this.isOver) return
          this.count(error.message.slice(0, 60))
          await this.pause(100)
        }
      }
    }))
  }

  pause(milliseconds) {
    return new Promise((over) => setTimeout(over, milliseconds))
  }
}

/** A random public IPv4 address. */
export const someNetwork = () => `${randomInt(11, 100)}.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`

/** A loopback address that is not a trusted proxy. */
export const stranger = (n) => `127.77.${n >> 8}.${(n & 255) || 254}`

/** Requires a status at least `least` times per second. */
export function met({ statuses, seconds }, status, least) {
  const count = statuses[status] ?? 0
  return count >= least * seconds ? [] : [`${status} was met ${count} times, expected at least ${Math.ceil(least * seconds)}`]
}

/** Requires that no other outcome occurred. */
export function only({ statuses }, ...allowed) {
  const others = Object.keys(statuses).filter((status) => !allowed.some((one) => String(one) === status))
  return others.map((status) => `${status} was met ${statuses[status]} times`)
}
