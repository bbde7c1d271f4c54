// Row counts of all tables: `{ name: count }`, all from one query and so from one moment.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A query that returns the query that counts the rows of every table of a PostgreSQL database. */
export const POSTGRES_TABLES = `SELECT string_agg(format('SELECT %L AS name, count(*) FROM %I', tablename, tablename),
  ' UNION ALL ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'`

const SQLITE_TABLES = `SELECT group_concat('SELECT ''' || name || ''', count(*) FROM "' || name || '"', ' UNION ALL ')
  FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'`

/** Parses `name|count` lines. */
export function parseRows(text) {
  const pairs = text.trim().split('\n').map((line) => line.split('|'))
  return Object.fromEntries(pairs.map(([name, count]) => [name, Number(count)]).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export async function askPostgres(database, sql) {
  return (await run('psql', [database, '-qtAc', sql])).stdout.trim()
}

export async function askSqlite(file, sql) {
  return (await run('sqlite3', ['-cmd', '.timeout 5000', file, sql])).stdout.trim()
}

export async function postgresRows(database) {
  return parseRows(await askPostgres(database, await askPostgres(database, POSTGRES_TABLES)))
}

export async function sqliteRows(file) {
  return parseRows(await askSqlite(file, await askSqlite(file, SQLITE_TABLES)))
}
