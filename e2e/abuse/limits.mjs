// What must hold during an attack. Unless said otherwise, the limits are those of docs/security.md, "Checked by a
// drill".

import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { ATTACKED, inNewBrowser } from './world.mjs'

/** Duration of each attack. */
export const SECONDS = Number(process.env.ABUSE_SECONDS ?? 60)

/** For a whole sign-in of an honest person, including any wait the server asks for. */
export const SIGN_IN_WITHIN_MS = 2_000
/** For an honest client of another organization. */
export const MACHINE_P99_MS = 50
/** Resident memory of the process, on both stores. */
export const MEMORY_MIB = 256
/** Share of the memory limit of the shipped Redis. */
const REDIS_SHARE = 0.5
/** What the in-process store must hold before its server is stopped, of the 160 it may: docs/operations.md. */
export const FULL_MIB = 96
/** How long the server that is stopped drains, and how long its requests may take to finish, in seconds. */
export const DRAIN_SECONDS = 1
export const GRACE_SECONDS = 5
/** A process ends no later than five seconds after both: docs/operations.md, "Stopping". */
const STOP_WITHIN_MS = (DRAIN_SECONDS + GRACE_SECONDS + 5) * 1000
/** Probes always answer within three seconds: docs/operations.md, "When something is away". */
export const READY_WITHIN_MS = 3_000

const compose = readFileSync(new URL('../../docker/docker-compose.prod.yml', import.meta.url), 'utf8')
/** Maximum memory of Redis, in MiB. */
export const REDIS_MIB = Number(/'--maxmemory', '(\d+)mb'/.exec(compose)[1]) * REDIS_SHARE

/** Intervals of the honest load. A run is valid only with at least this share (ENOUGH) of the expected samples. */
export const TOKEN_EVERY_MS = 25
export const SIGN_IN_EVERY_MS = 500
const ENOUGH = 1 / 4

/** Maximum load of other processes in a quiet minute, in processors. With more, the measurements mean nothing. */
const OTHERS_AT_MOST = 0.5

/**
 * Real attackers have their own processors. Here they share the server's, so they run at a lower priority than all of
 * its threads, including the hashing threads (niceness 10).
 */
export const ATTACKERS_NICENESS = Math.min(19, getPriority() + 15)

/**
 * While an organization gets more sign-ins than its server can hash, a person in a new browser must retry like
 * everybody else (docs/security.md, "Not promised"). These sign-ins are reported, not judged.
 */
const isNotJudged = (name, whose) => name === 'sign-ins' && whose === inNewBrowser(ATTACKED)

/** Descriptions of the criteria that were not met. `name` is the attack's. */
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

/** A flood shorter than this cannot fill the store. */
const FILLS_AFTER_SECONDS = 20

/** The same for the stop of a server with a full store; see stop.mjs. */
export function judgeStop({ filled, serving, stopping, restarted, ms, lost }) {
  const wrong = []
  const expect = (holds, text) => holds || wrong.push(text)
  expect(SECONDS < FILLS_AFTER_SECONDS || filled.mib >= FULL_MIB, `the flood: only ${Math.round(filled.mib)} MiB were stored, expected ${FULL_MIB}`)
  for (const [when, mib] of Object.entries({ 'with a full store': serving, 'while it stopped': stopping, 'after the next start': restarted })) {
    expect(mib <= MEMORY_MIB, `memory ${when}: ${Math.round(mib)} MiB, at most ${MEMORY_MIB}`)
  }
  expect(ms <= STOP_WITHIN_MS, `it stopped after ${Math.round(ms)} ms, at most ${STOP_WITHIN_MS}`)
  expect(lost === undefined, `the session of before: ${lost}`)
  return wrong
}
