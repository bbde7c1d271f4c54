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
  'browser.test.mjs': 'embedded',
  'gallery.test.mjs': 'embedded',
  'proxies.test.mjs': 'embedded',
}

const everything = [
  ...readdirSync(here).filter((name) => name.endsWith('.test.mjs')).sort(),
  ...readdirSync(`${here}/conformance`).filter((name) => name.endsWith('.test.mjs')).map((name) => `conformance/${name}`),
]
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : everything.filter((name) => (ONLY[name] ?? store) === store)

if (asked.length === 0) rmSync(`${here}/test-results/${store}`, { recursive: true, force: true })

// One file at a time: each starts servers of its own, and some take the services away for a while.
const child = spawn(
  process.execPath,
  ['--test', '--test-concurrency=1', '--test-reporter=spec', '--test-timeout=1200000', ...files],
  { cwd: here, stdio: 'inherit', env: { ...process.env, STORE: store } },
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : code))
