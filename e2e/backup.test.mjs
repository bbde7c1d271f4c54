// A backup taken under load is restored, and people continue with what they held.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Load } from './lib/load.mjs'
import { Porta, STORE, Store, secretHex } from './lib/porta.mjs'
import { POSTGRES_TABLES, askSqlite, parseRows, postgresRows, sqliteRows } from './lib/rows.mjs'
import { assertTokenError } from './lib/rp.mjs'
import { user } from './lib/fixtures.mjs'

const run = promisify(execFile)
let dir
let porta

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'porta-e2e-backup-'))
  porta = await Porta.start({ name: 'backup' })
})
after(async () => {
  await porta?.end()
  rmSync(dir, { recursive: true, force: true })
})

const load = () => new Load({ issuer: porta.issuer(), think: 60 })

async function jwks() {
  const { rp } = await load().arrive()
  return (await rp.jwks({ fresh: true })).keys.toSorted((a, b) => a.kid.localeCompare(b.kid))
}

/** Checks on a restored server that what people and applications held at the backup still works. */
async function assertGoesOn({ held, keys, sessionLives = false }) {
  const { rp, agent, tokens } = held
  assert.equal((await rp.userinfo(tokens.access_token)).status, 200, 'an access token from before')
  assert.equal(await rp.isActive(tokens.access_token), true)
  const next = await rp.refresh(tokens.refresh_token)
  assert.equal(next.status, 200, `a refresh token from before: ${next}`)
  const { at } = await rp.authorize(agent, { prompt: 'none' })
  if (!sessionLives) {
    assert.equal(at.params?.error, 'login_required', `the session ended cleanly: ${at}`)
    const page = (await rp.authorize(agent)).at
    assert.ok(page.isLogin && page.status === 200, `a login page and no error: ${page}`)
    assert.equal((await agent.signIn(page, user('ada'))).kind, 'callback')
  }
  assert.deepEqual(await jwks(), keys, 'the keys that verify what was signed')
  await rp.verifyIdToken(tokens.id_token)
}

if (STORE === 'postgres') {
  /** A psql session that keeps a transaction open, so that pg_dump can use its snapshot. */
  function snapshot(database) {
    const child = spawn('psql', [database, '-qtA'], { stdio: ['pipe', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (part) => { said += part })
    const answer = async (sql) => {
      said = ''
      child.stdin.write(`${sql};\n\\echo .\n`)
      while (!said.endsWith('.\n')) await new Promise((more) => child.stdout.once('data', more))
      return said.slice(0, -2).trim()
    }
    return { answer, end: () => new Promise((ended) => child.on('exit', ended) && child.stdin.end('COMMIT;\n')) }
  }

  test('pg_dump under load, pg_restore, Redis flushed, a new process', async () => {
    const held = await load().arrive()
    const keys = await jwks()
    const work = await load().start({ readers: 1, chains: 3, sessions: 2, visitors: 1000 })
    const file = join(dir, 'porta.dump')
    const { DATABASE_URL: database } = porta.store.env

    // Rows change all the time, so they are counted in the snapshot that the dump uses.
    const moment = snapshot(database)
    await moment.answer('BEGIN ISOLATION LEVEL REPEATABLE READ')
    const id = await moment.answer('SELECT pg_export_snapshot()')
    const list = await moment.answer(POSTGRES_TABLES)
    await new Promise((later) => setTimeout(later, 1_500))
    await run('pg_dump', ['-Fc', '--no-owner', '--no-privileges', `--snapshot=${id}`, '-f', file, database])
    const expected = parseRows(await moment.answer(list))
    await moment.end()

    // What is issued after the backup is lost in the restore, and nothing else.
    const late = await load().arrive()
    const outcomes = await work.stop()
    assert.deepEqual(outcomes.wrong, [])
    assert.equal(outcomes.total('cut') + outcomes.total('paused'), 0, 'nobody noticed the dump')
    await porta.stop()

    const name = `porta_e2e_${secretHex(6)}`
    const restored = new URL(database)
    restored.pathname = `/${name}`
    const [old, oldName] = [porta.env.DATABASE_URL, porta.store.name]
    try {
      await run('psql', [porta.store.admin, '-qc', `CREATE DATABASE ${name}`])
      await run('pg_restore', ['--no-owner', '--no-privileges', '--exit-on-error', '-d', restored.href, file])
      await run('redis-cli', ['-u', porta.store.redis, 'FLUSHDB'])
      assert.deepEqual(await postgresRows(restored.href), expected, 'every row of that moment')

      porta.env.DATABASE_URL = restored.href
      await porta.up()
      await assertGoesOn({ held, keys })
      const { rp, tokens } = late
      assert.equal(await rp.isActive(tokens.access_token), false, 'what is younger than the backup is unknown')
      assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
      await porta.stop()
    } finally {
      porta.env.DATABASE_URL = old
      porta.store.name = oldName
      await run('psql', [porta.store.admin, '-qc', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`])
    }
    await porta.up()
  })
} else {
  const rows = (directory) => sqliteRows(join(directory, 'porta.sqlite'))

  /** Replaces the server's data directory with a copy. */
  async function restore(copy) {
    const { dataDir } = porta.store
    await porta.stop()
    rmSync(dataDir, { recursive: true })
    cpSync(copy, dataDir, { recursive: true })
    await porta.up()
  }

  test('the whole directory, copied while the server is stopped', async () => {
    const held = await load().arrive()
    const keys = await jwks()
    await porta.stop()
    const expected = await rows(porta.store.dataDir)
    const copy = join(dir, 'stopped')
    cpSync(porta.store.dataDir, copy, { recursive: true })
    assert.deepEqual(await rows(copy), expected)
    await porta.up()
    const late = await load().arrive()
    await restore(copy)
    // A graceful stop saves short-lived data, so the session continues as well.
    await assertGoesOn({ held, keys, sessionLives: true })
    assert.equal(await late.rp.isActive(late.tokens.access_token), false, 'what is younger than the copy is unknown')
  })

  test('porta backup while people work', async () => {
    const held = await load().arrive()
    const keys = await jwks()
    const work = await load().start({ readers: 1, chains: 3, sessions: 2, visitors: 200 })
    const { dataDir } = porta.store
    const [copy, still] = [join(dir, 'running'), join(dir, 'still')]
    const before = await rows(dataDir)
    await porta.cli('backup', copy)
    const after = await rows(dataDir)
    const late = await load().arrive()
    const outcomes = await work.stop()
    assert.deepEqual(outcomes.wrong, [])
    assert.equal(outcomes.total('cut') + outcomes.total('paused'), 0, 'nobody noticed the copy')
    // Without CHECK constraints: a sqlite3 older than Porta's takes json_valid(NULL) for false.
    const checks = 'PRAGMA ignore_check_constraints = on; PRAGMA integrity_check; PRAGMA foreign_key_check'
    assert.equal(await askSqlite(join(copy, 'porta.sqlite'), checks), 'ok')
    // Nothing expires in this test, so tables only grow, and the copy has row counts between those before and after.
    const copied = await rows(copy)
    for (const [table, count] of Object.entries(copied)) {
      assert.ok(count >= before[table] && count <= after[table], `${table}: ${before[table]}, ${count}, ${after[table]}`)
    }
    assert.ok(after.refresh_tokens > before.refresh_tokens, 'people worked meanwhile')

    const expected = await rows(dataDir)
    await porta.cli('backup', still)
    assert.deepEqual(await rows(still), expected, 'every row of a moment in which nobody works')

    await porta.stop()
    await porta.cli('restore', copy, '--force')
    await porta.up()
    await assertGoesOn({ held, keys })
    const { rp, tokens } = late
    assert.equal(await rp.isActive(tokens.access_token), false, 'what is younger than the backup is unknown')
    assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
  })
}
