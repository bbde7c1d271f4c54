// A plain HTTP client: it follows no redirects, keeps no cookies and returns every response unchanged.
//
// Every host name connects to the loopback address, and a request may use any source address of 127/8, so that one
// machine can act as many users, each with their own rate limits.

import http from 'node:http'
import https from 'node:https'
import { randomInt } from 'node:crypto'

/** A random loopback address, which nothing else in this run is likely to use. */
export function someAddress() {
  return `127.${randomInt(2, 250)}.${randomInt(0, 256)}.${randomInt(1, 255)}`
}

/** `application/x-www-form-urlencoded` of an object (undefined values left out), of pairs, or of URLSearchParams. */
export function form(fields) {
  if (fields instanceof URLSearchParams) return fields.toString()
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields)
  return new URLSearchParams(pairs.filter(([, value]) => value !== undefined)).toString()
}

export class Response {
  constructor(url, method, message, body) {
    this.url = url
    this.method = method
    this.status = message.statusCode
    this.headers = message.headers
    this.bytes = body
  }

  get body() {
    return this.bytes.toString('utf8')
  }

  get contentType() {
    return (this.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  }

  json() {
    try {
      return JSON.parse(this.body)
    } catch {
      throw new Error(`not JSON: ${this}`)
    }
  }

  toString() {
    return `${this.method} ${this.url} -> ${this.status} ${this.headers.location ?? this.body.slice(0, 600)}`
  }
}

/**
 * Sends one request. `body` is text or bytes, `fields` a form; `from` is the source address, `ca` the authority trusted
 * for https; `connect(url)` gives the `{host, port}` to connect to instead of the URL's (the Host header is unchanged).
 */
export function request(target, options = {}) {
  const { method, headers = {}, from, ca, connect, timeout = 60_000 } = options
  const url = new URL(target)
  const secure = url.protocol === 'https:'
  let body = options.body
  const sent = { host: url.host, ...headers }
  if (options.fields !== undefined) {
    body = form(options.fields)
    sent['content-type'] ??= 'application/x-www-form-urlencoded'
  }
  const verb = method ?? (body === undefined ? 'GET' : 'POST')
  if (body !== undefined) sent['content-length'] = Buffer.byteLength(body)
  else if (verb === 'POST') sent['content-length'] = 0
  const where = connect?.(url) ?? { host: '127.0.0.1', port: url.port || (secure ? 443 : 80) }

  return new Promise((resolve, reject) => {
    const outgoing = (secure ? https : http).request({
      host: where.host,
      port: where.port,
      path: url.pathname + url.search,
      method: verb,
      headers: sent,
      localAddress: from,
      servername: secure ? url.hostname : undefined,
      ca,
      agent: false,
      timeout,
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeout} ms: ${verb} ${target}`)))
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const parts = []
      incoming.on('data', (part) => parts.push(part))
      incoming.on('error', reject)
      incoming.on('end', () => resolve(new Response(url.href, verb, incoming, Buffer.concat(parts))))
    })
    outgoing.end(body)
  })
}

/** `request` with the interface of `fetch`, for libraries that accept one. */
export function fetchThrough(options = {}) {
  return async (target, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers ?? {}))
    let body = init.body ?? undefined
    if (body instanceof URLSearchParams) body = body.toString()
    else if (body instanceof ArrayBuffer) body = Buffer.from(body)
    const response = await request(String(target), { ...options, method: init.method ?? 'GET', headers, body })
    const answer = new Headers()
    for (const [name, value] of Object.entries(response.headers)) {
      for (const one of [value].flat()) answer.append(name, one)
    }
    const empty = [204, 205, 304].includes(response.status)
    const result = new globalThis.Response(empty ? null : response.bytes, { status: response.status, headers: answer })
    Object.defineProperty(result, 'url', { value: response.url })
    return result
  }
}
