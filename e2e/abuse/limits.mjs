// What must hold while somebody attacks, and where each number comes from.

import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { ATTACKED, inNewBrowser } from './world.mjs'

/** How long each attack lasts. */
export const SECONDS = Number(process.env.ABUSE_SECONDS ?? 60)

/** A whole sign-in of an honest person, waiting as told included: issue 11, "Must hold" 2. */
export const SIGN_IN_WITHIN_MS = 2_000
/** Of an honest client of another organization: issue 11, "Must hold" 2. */
export const MACHINE_P99_MS = 50
/** Resident memory of the process: issue 11, "Must hold" 2, which says so of embedded storage; the same is asked of both. */
export const MEMORY_MIB = 256
/** Of the memory that the shipped Redis may use: issue 11, "Must hold" 2. */
const REDIS_SHARE = 0.5
/** Probes answer within three seconds whatever happens: docs/operations.md, "When something is away". */
export const READY_WITHIN_MS = 3_000

const compose = readFileSync(new URL('../../docker/docker-compose.prod.yml', import.meta.url), 'utf8')
/** In MiB. */
export const REDIS_MIB = Number(/'--maxmemory', '(\d+)mb'/.exec(compose)[1]) * REDIS_SHARE

/** How often the honest do something; that much must have been seen for a judgement. */
export const TOKEN_EVERY_MS = 25
export const SIGN_IN_EVERY_MS = 500
const ENOUGH = 1 / 4

/** Of one processor, in a quiet minute: beside more work of others no figure says anything. */
const OTHERS_AT_MOST = 0.5

/**
 * Attackers have processors of their own. Here they are on the server's, and give way to all it does, hashing threads
 * included (those are at 10).
 */
export const ATTACKERS_NICENESS = Math.min(19, getPriority() + 15)

/**
 * Whoever signs in for the first time in a browser is nobody's acquaintance: while more sign-ins come to their organization
 * than its server can hash, they have to try as often as everybody else. They are reported.
 */
const isNotJudged = (name, whose) => name === 'sign-ins' && whose === inNewBrowser(ATTACKED)

/** What did not hold, in words. `name` is the attack's. */
export function judge({ name, seconds, honest, watch, attack }) {
  const wrong = []
  const expect = (holds, text) => holds || wrong.push(text)
  for (const [whose, { times, failed }] of Object.entries(honest.people)) {
    if (isNotJudged(name, whose)) continue
    const worst = Math.max(0, ...times)
    const least = Math.floor((seconds * 1000 * ENOUGH) / (SIGN_IN_EVERY_MS + SIGN_IN_WITHIN_MS))
    expect(failed.length === 0, `${whose}: ${failed.length} sign-ins failed, the first: ${failed[0]}`)
    const late = times.filter((ms) => ms > SIGN_IN_WITHIN_MS).length
    expect(late === 0, `${whose}: ${late} of ${times.length} sign-ins took more than ${SIGN_IN_WITHIN_MS} ms, the worst ${Math.round(worst)} ms`)
    expect(times.length >= least, `${whose}: only ${times.length} sign-ins`)
  }
  const { times, failed, p99 } = honest.machine
  expect(failed.length === 0, `client credentials: ${failed.length} failed, the first: ${failed[0]}`)
  expect(p99 <= MACHINE_P99_MS, `client credentials: p99 ${p99.toFixed(1)} ms, at most ${MACHINE_P99_MS}`)
  expect(times.length >= (seconds * 1000 * ENOUGH) / TOKEN_EVERY_MS, `client credentials: only ${times.length}`)
  expect(watch.memory <= MEMORY_MIB, `memory: ${Math.round(watch.memory)} MiB, at most ${MEMORY_MIB}`)
  if (watch.redis !== undefined) expect(watch.redis <= REDIS_MIB, `Redis: ${Math.round(watch.redis)} MiB, at most ${REDIS_MIB}`)
  const { answers, slowest, notReady } = watch.ready
  expect(notReady.length === 0, `/ready: ${notReady.length} of ${answers} were no, the first: ${notReady[0]}`)
  expect(slowest <= READY_WITHIN_MS, `/ready took ${Math.round(slowest)} ms`)
  expect(answers >= seconds * ENOUGH, `/ready: only ${answers} answers`)
  if (attack.isQuiet) {
    const others = watch.busy - Object.values(watch.shares).reduce((sum, share) => sum + share, 0)
    expect(others <= OTHERS_AT_MOST, `the machine: others took ${Math.round(others * 100)} % of a processor`)
  }
  return [...wrong, ...attack.problems.map((problem) => `the attack: ${problem}`)]
}
