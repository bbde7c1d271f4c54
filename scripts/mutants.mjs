#!/usr/bin/env node
// Mutation testing: activates planted faults one at a time and checks that a test of `make test` detects each. The
// faults are in scripts/mutants.d, the reasons in docs/decisions/0034-planted-faults.md.
//
//   scripts/mutants.mjs            tests every fault
//   scripts/mutants.mjs ID…        tests these faults
//   scripts/mutants.mjs --list     lists all faults
//   scripts/mutants.mjs --check    checks that the anchors of all faults exist, uncommitted changes included
//
// Works on the last commit, in its own worktree and target directory below .test/mutants. All faults are compiled in
// one build; each is active while a file with its id exists. Exits with 1 if a fault survived, with 2 if the list is
// stale.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, createWriteStream, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const self = fileURLToPath(import.meta.url)
const root = dirname(dirname(self))
const home = join(root, '.test/mutants')
const tree = join(home, 'tree')
const target = join(home, 'target')
const planted = join(home, 'planted')
const logs = join(home, 'log')
/** Longer than any crate's tests take on a busy machine. */
const TEST_LIMIT_MS = 15 * 60_000

/** Faults in SQL are planted here, where statements are sent to the database, because the statements are constants. */
const LINK = 'crates/store-sql/src/kernel/connection.rs'
const QUERIES = ['sqlx::query_with(stmt.postgres.clone(),', 'sqlx::query_with(stmt.sqlite.clone(),']

class Stale extends Error {}

/**
 * A fault:
 *   id, area, what    `what` describes the fault in one sentence
 *   file, was         `was` is a text that occurs exactly once in `file`
 *   becomes           the replacement; FAULT in it is replaced by an expression that is true while the fault is active
 *   edits             a list of `{ file, was, becomes }`, for several places
 *   sql               true: `was` is part of a statement as sent to the database (on one line); `becomes` has no FAULT
 *   crate, words      a directory of crates/; its tests with one of these words in their names must detect the fault
 *                     (no words: all tests)
 *   stores            true: on both stores; otherwise tests with `postgres` in their names are skipped
 */
async function load() {
  const faults = []
  for (const name of readdirSync(join(root, 'scripts/mutants.d')).sort()) {
    const { default: some } = await import(join(root, 'scripts/mutants.d', name))
    faults.push(...some.map(({ file, was, becomes, ...fault }) => ({ edits: [{ file, was, becomes }], ...fault })))
  }
  if (new Set(faults.map((fault) => fault.id)).size !== faults.length) throw new Stale('two faults have the same id')
  return faults
}

function git(where, ...args) {
  const done = spawnSync('git', ['-C', where, ...args], { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
}

/** Checks out the last commit in the worktree; returns its id. */
function prepareTree() {
  const commit = git(root, 'rev-parse', 'HEAD').trim()
  if (git(root, 'status', '--porcelain', '--', 'crates', 'migrations') !== '') {
    console.error('note: what is not committed is not looked at')
  }
  if (!existsSync(join(tree, '.git'))) {
    git(root, 'worktree', 'prune')
    git(root, 'worktree', 'add', '--quiet', '--detach', tree, commit)
  } else if (git(tree, 'rev-parse', 'HEAD').trim() !== commit) {
    // Keeps the planted faults in files that do not differ between the commits, so that they are not recompiled.
    try {
      git(tree, 'checkout', '--quiet', '--detach', commit)
    } catch {
      git(tree, 'checkout', '--quiet', '--force', '--detach', commit)
    }
  }
  for (const directory of [planted, logs]) {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true })
  }
  return commit
}

/** A file without faults: from the last commit, or from the working directory. */
const committed = (file) => git(tree, 'show', `HEAD:${file}`)
const present = (file) => readFileSync(join(root, file), 'utf8')
/** Joins Rust string literals that continue on the next line. */
const joined = (text) => text.replace(/\\\n\s*/g, '')
const quoted = (text) => JSON.stringify(text)

/** The position of a text, which must occur exactly once. */
function place(text, was, file, id) {
  const at = text.indexOf(was)
  if (at < 0 || text.indexOf(was, at + 1) >= 0) throw new Stale(`${id}: ${file} does not hold exactly once:\n${was}`)
  return at
}

/** The content of each changed file, with its faults. */
function sources(faults, source) {
  const places = new Map()
  const plant = (id, file, was, becomes) => {
    const at = place(source(file), was, file, id)
    places.set(file, [...(places.get(file) ?? []), { id, at, end: at + was.length, becomes }])
  }
  const replacements = []
  for (const { id, edits, sql } of faults) {
    for (const { file, was, becomes } of edits) {
      if (sql) {
        place(joined(source(file)), was, file, id)
        replacements.push(`(${quoted(join(planted, id))}, ${quoted(was)}, ${quoted(becomes)})`)
      } else {
        if (!becomes.includes('FAULT')) throw new Stale(`${id}: nothing says when it is in force`)
        const inForce = `::std::path::Path::new(${quoted(join(planted, id))}).exists()`
        plant(id, file, was, becomes.replaceAll('FAULT', inForce))
      }
    }
  }
  for (const query of QUERIES) plant('sql', LINK, query, query.replace(/stmt\.\w+\.clone\(\)/, 'planted($&)'))

  const changed = new Map()
  for (const [file, inFile] of places) {
    inFile.sort((a, b) => a.at - b.at)
    const text = source(file)
    let [out, from, last] = ['', 0, '']
    for (const { id, at, end, becomes } of inFile) {
      if (at < from) throw new Stale(`${id} and ${last} change the same lines of ${file}`)
      out += text.slice(from, at) + becomes
      from = end
      last = id
    }
    changed.set(file, out + text.slice(from))
  }
  changed.set(LINK, `${changed.get(LINK)}
fn planted(text: SqlStr) -> SqlStr {
    const REPLACEMENTS: &[(&str, &str, &str)] = &[${replacements.join(', ')}];
    for (file, was, becomes) in REPLACEMENTS {
        if text.as_str().contains(was) && ::std::path::Path::new(file).exists() {
            return AssertSqlSafe(text.as_str().replace(was, becomes)).into_sql_str();
        }
    }
    text
}
`)
  return changed
}

/** Writes all faults. An unchanged file keeps its modification time, so that cargo recompiles only the others. */
function plantAll(changed) {
  const left = git(tree, 'diff', '--name-only').split('\n').filter((file) => file !== '' && !changed.has(file))
  if (left.length > 0) git(tree, 'checkout', '--quiet', '--', ...left)
  for (const [file, text] of changed) {
    const path = join(tree, file)
    if (readFileSync(path, 'utf8') !== text) writeFileSync(path, text)
  }
}

/** Compiles all tests, as `make test` does; returns the test programs of each crate. */
function build() {
  const log = join(logs, 'build.log')
  const out = openSync(log, 'w')
  const args = ['test', '--workspace', '--no-run', '--locked', '--message-format=json-render-diagnostics']
  const env = { ...process.env, CARGO_TARGET_DIR: target }
  const done = spawnSync('cargo', args, { cwd: tree, env, stdio: ['ignore', 'pipe', out], maxBuffer: 1 << 30 })
  closeSync(out)
  if (done.status !== 0) throw new Stale(`with the faults it does not compile: ${log}`)
  const programs = new Map()
  for (const line of done.stdout.toString().split('\n').filter((text) => text.startsWith('{'))) {
    const message = JSON.parse(line)
    if (message.reason !== 'compiler-artifact' || !message.executable || !message.profile.test) continue
    const crate = basename(dirname(message.manifest_path))
    programs.set(crate, [...(programs.get(crate) ?? []), message.executable])
  }
  return programs
}

/** The worktree has no Python environment of scripts/setup.sh, so the main one is used. Backtraces are not needed. */
const env = { TEST_SMTP_PYTHON: join(root, '.test/python/bin/python'), ...process.env, RUST_BACKTRACE: '0' }

/**
 * Runs the tests of a crate with one of the words in their names (all tests if there are no words) until the first
 * failure.
 */
async function run(programs, { crate, words, stores }, name) {
  const log = createWriteStream(join(logs, `${name}.log`))
  const result = { passed: [], failed: [], isComplete: true }
  for (const program of programs.get(crate) ?? []) {
    const args = [...words, '--color=never', ...(stores ? [] : ['--skip', 'postgres'])]
    const options = { cwd: join(tree, 'crates', crate), env, stdio: ['ignore', 'pipe', 'pipe'], detached: true }
    const child = spawn(program, args, options)
    const closed = new Promise((done) => child.on('close', done))
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has already exited.
      }
    }
    const stop = () => {
      end()
      process.exit(130)
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    const timer = setTimeout(end, TEST_LIMIT_MS)
    child.stderr.pipe(log, { end: false })
    for await (const line of createInterface({ input: child.stdout })) {
      log.write(`${line}\n`)
      const [, test, outcome] = /^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)$/.exec(line) ?? []
      if (test) result[outcome === 'ok' ? 'passed' : 'failed'].push(test)
      if (outcome === 'FAILED') end()
    }
    clearTimeout(timer)
    const status = await closed
    process.off('SIGINT', stop).off('SIGTERM', stop)
    result.isComplete &&= status === 0 || status === 101
    if (result.failed.length > 0) break
  }
  log.end()
  return result
}

const seconds = (since) => Math.round((Date.now() - since) / 1000)

/** Tests one fault. It is detected if a test fails that passes without it. */
async function withFault(programs, fault) {
  const since = Date.now()
  const file = join(planted, fault.id)
  writeFileSync(file, '')
  const { passed, failed, isComplete } = await run(programs, fault, fault.id)
  rmSync(file)
  if (passed.length + failed.length === 0) {
    throw new Stale(`${fault.id}: no test of ${fault.crate} has one of these in its name: ${fault.words.join(', ')}`)
  }
  let outcome = isComplete ? 'SURVIVED' : 'SURVIVED, the tests broke off'
  let isSeen = false
  for (const test of failed) {
    const without = await run(programs, { ...fault, words: ['--exact', test] }, `${fault.id}.without`)
    isSeen = without.passed.length > 0 && without.failed.length === 0
    outcome = isSeen ? test : `SURVIVED, ${test} fails without it, too`
    if (isSeen) break
  }
  console.error(`${fault.id}: ${outcome} (${seconds(since)} s)`)
  return { fault, outcome, isSeen, took: seconds(since) }
}

async function main(args) {
  const all = await load()
  if (args.includes('--list')) {
    for (const fault of all) console.log(`${fault.id.padEnd(36)} ${fault.area.padEnd(24)} ${fault.what}`)
    return 0
  }
  if (args.includes('--check')) {
    sources(all, present)
    return 0
  }
  const unknown = args.filter((id) => !all.some((fault) => fault.id === id))
  if (unknown.length > 0) throw new Stale(`no such fault: ${unknown.join(' ')}`)
  if (!process.env.TEST_DATABASE_URL) {
    return spawnSync(join(root, 'scripts/with-services.sh'), [self, ...args], { stdio: 'inherit' }).status ?? 2
  }

  const started = Date.now()
  const faults = args.length > 0 ? all.filter((fault) => args.includes(fault.id)) : all
  const commit = prepareTree()
  plantAll(sources(all, committed))
  const programs = build()
  console.error(`compiled in ${seconds(started)} s`)
  const results = []
  for (const fault of faults) results.push(await withFault(programs, fault))

  console.log('| Fault | What it does | Seen by | Seconds |\n|---|---|---|---|')
  for (const { fault, outcome, took } of results) console.log(`| ${fault.id} | ${fault.what} | ${outcome} | ${took} |`)
  const survived = results.filter((result) => !result.isSeen).map((result) => result.fault.id)
  const summary = survived.length > 0 ? `SURVIVED: ${survived.join(' ')}` : 'all of them seen'
  console.log(`\n${results.length} faults in ${commit.slice(0, 12)}, ${seconds(started)} s: ${summary}.`)
  return survived.length > 0 ? 1 : 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Stale ? `error: ${error.message}` : error)
  process.exitCode = 2
}
