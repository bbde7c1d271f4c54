// Runs the suite for one store: STORE=embedded|postgres node run.mjs [file…]

import { spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const store = process.env.STORE ?? 'embedded'

// What only makes sense on one store: several instances need the shared one, `porta dev` is the embedded one, and
// pages look the same on both.
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
}

const FOLDERS = ['.', 'conformance', 'faults', 'chaos', 'soak']
const everything = FOLDERS.flatMap((folder) =>
  readdirSync(`${here}/${folder}`).filter((name) => name.endsWith('.test.mjs')).sort()
    .map((name) => (folder === '.' ? name : `${folder}/${name}`)))
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : everything.filter((name) => (ONLY[name] ?? store) === store)

if (asked.length === 0) rmSync(`${here}/test-results/${store}`, { recursive: true, force: true })

// Twenty minutes for a file, and what a soak was told to take.
const timeout = (20 + Number(process.env.SOAK_MINUTES ?? 0)) * 60_000

// One file at a time: each starts servers of its own, and some take the services away for a while.
const child = spawn(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-reporter=spec', `--test-timeout=${timeout}`, ...files],
  { cwd: here, stdio: 'inherit', env: { ...process.env, STORE: store } },
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : code))
