// The table of a run: one row per scenario.

import { availableParallelism, getPriority } from 'node:os'
import { ATTACKERS_NICENESS } from './limits.mjs'
import { ATTACKED, QUIET, inKnownBrowser, inNewBrowser } from './world.mjs'

export function quantile(times, part) {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

const ms = (value) => (value < 10 ? value.toFixed(1) : String(Math.round(value)))

/** `17 ms, 2.1 ×`: the value, and its ratio to the quiet run through the same proxy (or none). */
const beside = (value, quiet) => `${ms(value)} ms${quiet ? `, ${(value / quiet).toFixed(1)} ×` : ''}`

const percent = (share = 0) => `${Math.round(share * 100)} %`

const people = ({ times, failed, told }, quiet) =>
  `${times.length}${failed.length ? `, ${failed.length} FAILED` : ''}${told ? `, told to wait ${told} times` : ''}; worst ${beside(Math.max(0, ...times), quiet && Math.max(...quiet.times))}`

const signIns = (whose) => ({ honest }, quiet) => people(honest.people[whose], quiet?.honest.people[whose])

const statuses = ({ statuses, seconds }) =>
  Object.entries(statuses).map(([status, count]) => `${status}: ${(count / seconds).toFixed(count / seconds < 10 ? 1 : 0)}/s`).join(', ') || '-'

const COLUMNS = {
  attack: ({ title }) => title,
  store: ({ store }) => store,
  'requests/s': ({ attack }) => String(Math.round(Object.values(attack.statuses).reduce((sum, count) => sum + count, 0) / attack.seconds)),
  'how they ended': ({ attack }) => statuses(attack),
  'attacked, known browser': signIns(inKnownBrowser(ATTACKED)),
  'attacked, new browser': signIns(inNewBrowser(ATTACKED)),
  'other, known browser': signIns(inKnownBrowser(QUIET)),
  'other, new browser': signIns(inNewBrowser(QUIET)),
  tokens: ({ honest }) => String(honest.machine.times.length),
  p50: ({ honest }, quiet) => beside(honest.machine.p50, quiet?.honest.machine.p50),
  p99: ({ honest }, quiet) => beside(honest.machine.p99, quiet?.honest.machine.p99),
  'p99 of nothing': ({ honest }) => beside(honest.machine.control),
  'memory, MiB': ({ watch }) => String(Math.round(watch.memory)),
  'Redis, MiB': ({ watch }) => (watch.redis === undefined ? '-' : watch.redis.toFixed(1)),
  '/ready': ({ watch }) => `${watch.ready.answers - watch.ready.notReady.length} of ${watch.ready.answers}`,
  'server, attacker, honest': ({ watch: { shares } }) =>
    [shares.server, shares.attacker, (shares.people ?? 0) + (shares.machine ?? 0) + (shares.control ?? 0)].map(percent).join(' '),
  'machine busy': ({ watch }) => `${percent(watch.busy)} of ${percent(availableParallelism())}`,
  held: ({ wrong }) => (wrong.length === 0 ? 'yes' : 'NO'),
}

const told = (figures) => Object.entries(figures).map(([what, value]) => `; ${what}: ${value}`).join('')

/** One line about the stop of a server with a full store (stop.mjs). */
function stopLine({ filled, serving, stopping, restarted, ms }) {
  const [stored, ...memory] = [filled.mib, serving, stopping, restarted].map(Math.round)
  return `An orderly stop with ${filled.entries} entries, ${stored} MiB, took ${Math.round(ms)} ms. `
    + `Peak memory in MiB: ${memory[0]} before, ${memory[1]} meanwhile, ${memory[2]} after the next start.`
}

/**
 * `rows`: the results of abuse.test.mjs. Each is compared with the quiet run through the same proxy (or none). `stop`: the
 * figures of stop.mjs, on the embedded store.
 */
export function table(rows, stop) {
  const quiet = (row) => rows.find((other) => other !== row && other.attack.isQuiet && other.proxy === row.proxy)
  const names = Object.keys(COLUMNS)
  const cells = [names, ...rows.map((row) => names.map((name) => COLUMNS[name](row, quiet(row))))]
  const widths = names.map((_, n) => Math.max(...cells.map((row) => row[n].length)))
  const lines = cells.map((row) => `| ${row.map((cell, n) => cell.padEnd(widths[n])).join(' | ')} |`)
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`)
  const all = stop ? [...rows, { title: 'stop', wrong: stop.wrong }] : rows
  const wrong = all.flatMap(({ title, wrong }) => wrong.map((text) => `${title}: ${text}`))
  const legend = rows.filter(({ attack }) => attack.name).map(({ title, attack }) => `${title}: ${attack.name}${told(attack.figures)}`)
  const machine = `Niceness ${getPriority()}, attackers ${ATTACKERS_NICENESS}. Shares are of one processor; what is busy besides is PostgreSQL, Redis, the proxy, this tool and others.`
  return [...lines, '', ...legend, ...(stop ? [stopLine(stop)] : []), machine, '', ...(wrong.length > 0 ? wrong : ['Everything held.'])].join('\n')
}
