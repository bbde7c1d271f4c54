// An orderly stop of a server whose in-process store is full: its peak memory, how long it takes, and whether somebody
// who signed in before is still signed in after the next start.

import { writeFileSync } from 'node:fs'
import { someAddress } from '../lib/http.mjs'
import { sleep } from '../lib/porta.mjs'
import { Rp } from '../lib/rp.mjs'
import { Helper } from './helper.mjs'
import { ATTACKERS_NICENESS, DRAIN_SECONDS, FULL_MIB, GRACE_SECONDS, SECONDS } from './limits.mjs'
import { highestMemory } from './watch.mjs'
import { ATTACKED } from './world.mjs'

/** Attacks that together fill the store: sign-ins that wait for a link, counters, and tokens of clients. */
const FLOODS = ['links', 'machines']
const FLOOD_AT_MOST_MS = 3 * SECONDS * 1000
const STORED_EVERY_MS = 1_000
const MEMORY_EVERY_MS = 20
const MIB = 1 << 20

/** The environment of the server that is stopped. */
export const STOP_ENV = { METRICS_ENABLED: 'true', DRAIN_SECONDS: String(DRAIN_SECONDS), SHUTDOWN_GRACE_SECONDS: String(GRACE_SECONDS) }

/** Without the limits that keep one organization from storing this much in a minute. */
const UNLIMITED = ['quota_client_max', 'quota_organization_max', 'rate_limit_link_organization_max']

/** What the in-process store holds, by its own reckoning. */
async function stored(porta) {
  const { body } = await porta.get('/metrics')
  const gauge = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)[1])
  return { entries: gauge('porta_short_lived_entries'), mib: gauge('porta_short_lived_bytes') / MIB }
}

/** Floods the server until its store is full, and waits until the attackers have ended. */
async function fill({ porta, order }, helpers) {
  for (const flood of FLOODS) {
    helpers.push(await Helper.start('run-attack.mjs', flood, order, { niceness: ATTACKERS_NICENESS }))
  }
  const end = performance.now() + FLOOD_AT_MOST_MS
  while ((await stored(porta)).mib < FULL_MIB && performance.now() < end) await sleep(STORED_EVERY_MS)
  await Promise.all(helpers.map((helper) => helper.stop()))
  return stored(porta)
}

/** Stops the server: its peak memory meanwhile, in MiB, and the milliseconds until its process was gone. */
async function stopped(porta) {
  const { pid } = porta
  // Resets VmHWM (proc_pid_clear_refs(5)).
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  let stopping = highestMemory(pid)
  const begun = performance.now()
  let ended
  porta.stop().then(() => (ended = {}), (error) => (ended = { error }))
  while (!ended) {
    try {
      stopping = Math.max(stopping, highestMemory(pid))
    } catch {
      // The process is gone, and `ended` says so soon.
    }
    await sleep(MEMORY_EVERY_MS)
  }
  if (ended.error) throw ended.error
  return { stopping, ms: performance.now() - begun }
}

/** Fills the store of the server, stops it and starts it again. Returns the figures that `judgeStop` judges. */
export async function stopFull(there, helpers) {
  const { porta, order: { base, world } } = there
  for (const key of UNLIMITED) await porta.cli('config', 'set', key, '10000000', '--direct')
  const { web, honest } = world[ATTACKED]
  const rp = new Rp(`${base}/${ATTACKED}`, web, { from: someAddress() })
  const agent = rp.agent()
  await rp.signIn(agent, honest)

  const filled = await fill(there, helpers)
  const serving = highestMemory(porta.pid)
  const { stopping, ms } = await stopped(porta)
  await porta.up()
  const restarted = highestMemory(porta.pid)
  const lost = await rp.code(agent, { prompt: 'none' }).then(() => undefined, (error) => error.message)
  return { filled, serving, stopping, restarted, ms, lost }
}
