// Reports how `make test` spent its time: steps, Rust test binaries, end-to-end files. Reads the files of scripts/step
// and e2e/run.mjs. Prints a table of each, the number of passed tests, and the output of failed Rust tests, so that the
// end of the output shows which test failed.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const STEPS = `${ROOT}/.test/steps`
const RESULTS = `${ROOT}/e2e/test-results`
/** Faster Rust test binaries are counted, but not listed. */
const SHORT_S = 1
/** Lines shown from the end of a failed test's output. */
const SAID_LINES = 12

const lines = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [])

function table(head, rows) {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => String(row[column]).length)))
  const text = (row) => row.map((cell, at) => (at === 0 ? String(cell).padEnd(widths[at]) : String(cell).padStart(widths[at]))).join(' | ')
  console.log([`| ${text(head)} |`, `|${widths.map((width, at) => '-'.repeat(width + 1) + (at === 0 ? '-' : ':')).join('|')}|`,
    ...rows.map((row) => `| ${text(row)} |`)].join('\n'))
  console.log()
}

const steps = lines(`${STEPS}/times.tsv`).map((line) => line.split('\t')).map(([name, began, ended, status]) => ({
  name, began: Number(began), ended: Number(ended), status: Number(status),
}))
if (steps.length === 0) throw new Error('no times: run make test first')
const first = Math.min(...steps.map(({ began }) => began))
const whole = Math.max(...steps.map(({ ended }) => ended)) - first
const round = (seconds) => seconds.toFixed(seconds < 10 ? 1 : 0)
// Steps run in parallel, so their shares add up to more than 100 %.
table(['step', 'begins at s', 'seconds', 'share'], steps.sort((a, b) => a.began - b.began).map(({ name, began, ended }) =>
  [name, round(began - first), round(ended - began), `${Math.round((ended - began) / whole * 100)} %`]))
console.log(`whole: ${round(whole)} s (${(whole / 60).toFixed(1)} min)\n`)

let passed = 0
let failed = 0
const binaries = []
let running
const failures = []
let said
for (const line of lines(`${STEPS}/rust.log`)) {
  if (/^---- .+ stdout ----$/.test(line)) failures.push(said = [line])
  else if (line === 'failures:') said = undefined
  else said?.push(line)
  running = /^ +Running .*\/deps\/(.+)-[0-9a-f]{16}\)$/.exec(line)?.[1] ?? running
  const result = /^test result: .*\. (\d+) passed; (\d+) failed;.*finished in ([\d.]+)s$/.exec(line)
  if (!result) continue
  passed += Number(result[1])
  failed += Number(result[2])
  binaries.push([running, Number(result[1]), Number(result[3])])
}
if (binaries.length > 0) {
  const long = binaries.filter(([, , seconds]) => seconds >= SHORT_S).sort((a, b) => b[2] - a[2])
  table(['Rust test binary', 'tests', 'seconds'], long.map(([name, tests, seconds]) => [name, tests, round(seconds)]))
}
for (const store of existsSync(RESULTS) ? readdirSync(RESULTS) : []) {
  const files = lines(`${RESULTS}/${store}/times.tsv`).map((line) => line.split('\t'))
  if (files.length === 0) continue
  for (const [, , , , good, bad] of files) {
    passed += Number(good)
    failed += Number(bad)
  }
  table([`end to end, ${store}`, 'begins at s', 'seconds', 'of them slept', 'tests'],
    files.map(([file, began, seconds, slept, good]) => [file, round(Number(began)), round(Number(seconds)), round(Number(slept)), good]))
}
console.log(`${passed} passed, ${failed} failed`)
for (const [name, ...text] of failures) {
  const trace = text.indexOf('stack backtrace:')
  const message = trace < 0 ? text : text.slice(0, trace)
  console.log([name, ...message.slice(-SAID_LINES)].join('\n'))
}
