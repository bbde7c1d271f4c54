// Runs the suite for one store: STORE=embedded|postgres node run.mjs [file…]
//
// Two files run at a time: one with a browser, which is CPU-bound, and one without, which mostly waits. Before them,
// files that stop PostgreSQL or Redis run one by one. The output of a file goes to test-results/<store>/<file>.txt;
// after a failure its end is printed.

import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { setPriority } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const store = process.env.STORE ?? 'embedded'
const results = join(here, 'test-results', store)

// Files that run on one store only: several instances need PostgreSQL, `porta dev` is embedded. Files that do not
// depend on the store run on the embedded one, which has less to do.
const ONLY = {
  'two-instances.test.mjs': 'postgres',
  'faults/redis.test.mjs': 'postgres',
  'faults/postgres.test.mjs': 'postgres',
  'faults/names.test.mjs': 'postgres',
  'faults/disk.test.mjs': 'embedded',
  'chaos/chaos.test.mjs': 'postgres',
  'browser.test.mjs': 'embedded',
  'gallery.test.mjs': 'embedded',
  'proxies.test.mjs': 'embedded',
  'unread.test.mjs': 'embedded',
  // The same walks, without habits on one store and with them on the other; the drills run both on both.
  ...(process.env.PORTA_DRILLS ? {} : { 'journeys.test.mjs': 'embedded', 'account.test.mjs': 'embedded', 'twice.test.mjs': 'postgres' }),
}

const FOLDERS = ['.', 'conformance', 'faults', 'chaos', 'soak']
const everything = FOLDERS.flatMap((folder) =>
  readdirSync(join(here, folder)).filter((name) => name.endsWith('.test.mjs')).sort()
    .map((name) => (folder === '.' ? name : `${folder}/${name}`)))
const asked = process.argv.slice(2)
const ours = everything.filter((name) => (ONLY[name] ?? store) === store)
const files = asked.length > 0 ? asked : ours

const hasBrowser = (file) => /lib\/(browser|visitor)\.mjs|journeys\.test/.test(readFileSync(join(here, file), 'utf8'))
const takesServices = (file) => store === 'postgres' && /^(chaos\/|faults\/|soak\/|restart\.)/.test(file)

// The time limit of a file: ten minutes, plus the duration set for a drill. Abuse takes ABUSE_SECONDS up to fifteen times.
const ATTACKS = 15
const minutes = 10 + Number(process.env.SOAK_MINUTES ?? 0) + Number(process.env.CHAOS_MINUTES ?? 0)
  + (Number(process.env.ABUSE_SECONDS ?? 0) / 60) * ATTACKS
const TAIL_LINES = 120

if (asked.length === 0) rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })
const times = join(results, 'times.tsv')
rmSync(times, { force: true })
const begun = performance.now()
const running = new Set()
const failed = []

/** Runs one file in its own process. */
async function run(file) {
  const name = file.replaceAll('/', '-').replace(/\.test\.mjs$/, '')
  const log = join(results, `${name}.txt`)
  const slept = join(results, `${name}.slept`)
  rmSync(slept, { force: true })
  const output = openSync(log, 'w')
  const began = performance.now()
  const child = spawn(process.execPath, ['--test-reporter=spec', file], {
    cwd: here, stdio: ['ignore', output, output], env: { ...process.env, STORE: store, PORTA_E2E_SLEPT: slept },
  })
  running.add(child)
  // Browsers use all the CPU they get. Fault tests of the other store measure recovery times, so they have priority.
  if (hasBrowser(file)) setPriority(child.pid, 10)
  const limit = setTimeout(() => child.kill('SIGKILL'), minutes * 60_000)
  const [code, signal] = await new Promise((ended) => child.on('exit', (...how) => ended(how)))
  clearTimeout(limit)
  running.delete(child)

  const seconds = (performance.now() - began) / 1000
  const text = readFileSync(log, 'utf8')
  const count = (what) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  const [good, bad] = [count('pass'), count('fail')]
  const isGood = code === 0 && bad === 0 && good > 0
  appendFileSync(times, [file, (began - begun) / 1000, seconds, readSlept(slept), good, bad].join('\t') + '\n')
  console.log(`${isGood ? 'passed' : 'FAILED'}  ${store}  ${file}  ${Math.round(seconds)} s  ${good} tests`)
  if (isGood) return
  failed.push(file)
  console.log(text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n'))
  console.log(`${file} failed (${signal ?? code}); all it printed: e2e/test-results/${store}/${basename(log)}`)
}

/** Seconds that the file spent in sleeps; lib/porta.mjs writes them. */
function readSlept(file) {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exit(1)
  })
}
async function oneByOne(those) {
  for (const file of those) await run(file)
}

await oneByOne(files.filter(takesServices))
const others = files.filter((file) => !takesServices(file))
await Promise.all([oneByOne(others.filter(hasBrowser)), oneByOne(others.filter((file) => !hasBrowser(file)))])
if (failed.length > 0) console.log(`failed on ${store}: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
