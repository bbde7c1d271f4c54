// Honest load: people who sign in, and a client that fetches tokens. The client sends the same requests to a control
// server that does nothing, which shows the latency of this machine and this tool. Each role is a process of its own:
// node abuse/honest.mjs people|machine|control

import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { someAddress } from '../lib/http.mjs'
import { Rp, basic } from '../lib/rp.mjs'
import { help } from './helper.mjs'
import { inKnownBrowser, inNewBrowser } from './world.mjs'
import { SIGN_IN_EVERY_MS, TOKEN_EVERY_MS } from './limits.mjs'
import { Wire, bytes } from './wire.mjs'

/** Time limit of a sign-in with its retries, and of a request. */
const PATIENCE_MS = 15_000
const TOKEN = 'grant_type=client_credentials'

/** A whole sign-in, from the application and back to it. A 503 is retried after its `Retry-After`. */
async function signIn(rp, agent, person) {
  const begun = performance.now()
  const flow = await rp.authorization({ scope: 'openid email', prompt: 'login' })
  const page = await agent.open(flow.url)
  let told = 0
  let at = await agent.signIn(page, person)
  for (; at.status === 503 && performance.now() - begun < PATIENCE_MS; told++) {
    await sleep(Number(at.headers['retry-after']) * 1000)
    at = await agent.signIn(page, person)
  }
  if (at.kind !== 'callback' || !at.params.code) throw new Error(`${at}`.slice(0, 300))
  await rp.tokens({ ...flow, code: at.params.code })
  return { ms: performance.now() - begun, told }
}

/** One person of each organization signs in repeatedly, both in a new browser each time and in a known browser. */
async function people({ base, ca, world }, signal) {
  const results = {}
  const all = Object.entries(world).flatMap(([slug, { web, honest }]) => [inNewBrowser(slug), inKnownBrowser(slug)].map(async (name) => {
    const result = (results[name] = { times: [], failed: [], told: 0 })
    const rp = new Rp(`${base}/${slug}`, web, { ca, from: someAddress(), timeout: PATIENCE_MS })
    await rp.metadata()
    const known = name === inKnownBrowser(slug) ? rp.agent() : undefined
    if (known) await signIn(rp, known, honest)
    return { result, rp, honest, known }
  }))
  const ready = await Promise.all(all)
  const work = ready.map(async ({ result, rp, honest, known }) => {
    while (!signal.aborted) {
      const begun = performance.now()
      try {
        const { ms, told } = await signIn(rp, known ?? rp.agent(), honest)
        result.times.push(ms)
        result.told += told
      } catch (error) {
        result.failed.push(`after ${Math.round(performance.now() - begun)} ms: ${error.message}`)
      }
      await sleep(SIGN_IN_EVERY_MS, undefined, { signal }).catch(() => {})
    }
  })
  return { result: () => Promise.all(work).then(() => results) }
}

/**
 * Sends requests at fixed times, whether or not earlier ones were answered, so that a stall delays every request due in
 * it.
 */
async function ticking(ask, signal) {
  const late = []
  const asked = []
  const begun = performance.now()
  for (let n = 0; !signal.aborted; n++) {
    const due = begun + n * TOKEN_EVERY_MS
    if (due > performance.now()) await sleep(due - performance.now())
    late.push(performance.now() - due)
    asked.push(ask())
  }
  await Promise.all(asked)
  return late
}

/** A connection pool that grows when all connections are busy. */
function asker(where, request) {
  const free = []
  const times = []
  const failed = []
  const ask = async () => {
    const wire = free.pop() ?? new Wire(where)
    const begun = performance.now()
    try {
      const { status, body } = await wire.ask(request)
      if (status === 200) times.push(performance.now() - begun)
      else failed.push(`${status} ${body.slice(0, 200)}`)
    } catch (error) {
      failed.push(`after ${Math.round(performance.now() - begun)} ms: ${error.message}`)
    }
    free.push(wire)
  }
  return { ask, times, failed }
}

/** Client credentials of the organization that is not attacked. */
async function machine({ port, ca, host, world, quiet, control }, signal) {
  const { id, secret } = world[quiet].machine
  const headers = { host, authorization: basic(id, secret), 'content-type': 'application/x-www-form-urlencoded' }
  const tokens = asker({ port, ca, from: someAddress(), timeout: PATIENCE_MS }, bytes('POST', `/${quiet}/token`, headers, TOKEN))
  const nothing = asker({ port: control, timeout: PATIENCE_MS }, bytes('POST', '/', headers, TOKEN))
  await tokens.ask()
  await nothing.ask()
  for (const list of [tokens.times, nothing.times]) list.length = 0
  const both = () => Promise.all([tokens.ask(), nothing.ask()])
  const work = ticking(both, signal)
  return { result: async () => ({ late: await work, times: tokens.times, failed: tokens.failed, control: nothing.times }) }
}

/** Answers at once with a body of about the size of a token response. */
async function control() {
  const body = JSON.stringify({ nothing: 'x'.repeat(100) })
  const server = http.createServer((incoming, outgoing) => incoming.resume().on('end', () => outgoing.end(body)))
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return { ready: { port: server.address().port }, result: () => ({}) }
}

await help({ people, machine, control }[process.argv[2]])
