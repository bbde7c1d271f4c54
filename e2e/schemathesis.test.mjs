// Schemathesis against the served OpenAPI document of the Admin API: requests that fit the document and requests that do
// not, by operation and in sequences along links. No answer may be a failure of the server, have a status or a body that
// the document does not describe, or accept what the document forbids. What is different from the defaults is in
// schemathesis/schemathesis.toml, with reasons.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Root, serviceAccounts } from './lib/admin.mjs'
import { IS_DRILL } from './lib/drills.mjs'
import { Porta, RESULTS } from './lib/porta.mjs'

const PROGRAM = fileURLToPath(new URL('../.test/schemathesis/bin/schemathesis', import.meta.url))
const HERE = fileURLToPath(new URL('schemathesis', import.meta.url))
const SEED = '14'
/** For all phases together. */
const SECONDS = IS_DRILL ? 480 : 75
const EXAMPLES = IS_DRILL ? 50 : 3
/** Each may change 600 things in a minute. */
const ACCOUNTS = 8

let porta
let accounts

before(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`missing: ${PROGRAM}; run scripts/setup.sh`)
  porta = await Porta.start({ name: 'schemathesis' })
  accounts = await serviceAccounts(await Root.install(porta), ACCOUNTS, 14_400)
})
after(() => porta?.end())

/** Runs schemathesis; the result is its exit code and what it printed. */
async function schemathesis(...more) {
  const log = join(RESULTS, 'schemathesis-report.txt')
  const output = createWriteStream(log)
  const base = `http://127.0.0.1:${porta.port}/api/admin`
  const args = [
    '--config-file', join(HERE, 'schemathesis.toml'), 'run', `${base}/openapi.json`, '--url', base, '--checks', 'all',
    '--seed', SEED, '--max-examples', String(EXAMPLES), '--max-time', String(SECONDS), '--continue-on-failure',
    '--generation-database', 'none', '--no-color', '--report-junit-path', join(RESULTS, 'schemathesis.xml'), ...more,
  ]
  const env = {
    PATH: process.env.PATH,
    HOME: porta.store.dataDir,
    SCHEMATHESIS_HOOKS: join(HERE, 'hooks.py'),
    PYTHONDONTWRITEBYTECODE: '1',
    ADMIN_TOKENS: accounts.map(({ token }) => token).join(' '),
  }
  const child = spawn(PROGRAM, args, { cwd: porta.store.dataDir, env, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false })
  const code = await new Promise((ended) => child.on('close', ended))
  await new Promise((written) => output.end(written))
  return { code, text: readFileSync(log, 'utf8') }
}

test('the API does what its document says', async () => {
  const { code, text } = await schemathesis()
  const lines = text.trimEnd().split('\n')
  console.log(lines.slice(-25).map((line) => `# ${line}`).join('\n'))
  assert.equal(code, 0, `the whole report: e2e/test-results/…/schemathesis-report.txt\n${lines.slice(-400).join('\n')}`)
  assert.doesNotMatch(text, /^ *⏭ +(Examples|Coverage|Fuzzing|Stateful)/m, 'no phase was left out')
  assert.match(text, /API Links: +[1-9]/, 'requests followed links')
  // The run has not ended its own accounts, so its requests were more than refusals.
  const answers = await Promise.all(accounts.map((account) => account.send('GET', '/organizations')))
  const alive = answers.filter(({ status }) => status === 200).length
  assert.ok(alive >= ACCOUNTS / 2, `${alive} of ${ACCOUNTS} accounts still work`)
  assert.equal((await porta.get('/ready')).status, 200)
  assert.doesNotMatch(porta.logged, /panicked at/)
})
