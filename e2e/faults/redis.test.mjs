// Porta's behaviour while Redis fails: the table "When something is away" in docs/operations.md, row by row.

import { after, before, test } from 'node:test'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { drill } from '../lib/drills.mjs'
import { Rig } from '../lib/faults.mjs'
import { BRIEFLY } from '../lib/watch.mjs'

const run = promisify(execFile)
const SIGN_IN = ['silent sign-in']
const PEOPLE = ['discovery', 'jwks', 'userinfo', 'introspection', 'refresh']
let rig

before(async () => {
  rig = await Rig.start('faults-redis')
})
after(() => rig?.end())

/** Runs a command directly on the server, not through the proxy. */
const redis = (...command) => run('redis-cli', ['-u', rig.store.redis, ...command])

test('down: connections refused', () =>
  rig.fault({
    begin: () => rig.redis.down(),
    end: () => rig.redis.heal(),
    down: { redis: true },
    pauses: [...SIGN_IN, 'client credentials'],
    works: PEOPLE,
  }))

test('cut: every connection ends at once and the next one works', () =>
  rig.fault({ begin: () => rig.redis.cut(), end: () => {}, down: { redis: BRIEFLY }, works: PEOPLE }))

test('frozen: connections are accepted and nothing is said', () =>
  rig.fault({
    begin: () => rig.redis.freeze(),
    end: () => rig.redis.heal(),
    down: { redis: true },
    pauses: [...SIGN_IN, 'client credentials'],
    works: PEOPLE,
  }))

drill('gone: the machine vanished and its successor has the address', () =>
  rig.fault({
    begin: () => rig.redis.vanish(),
    end: () => rig.redis.heal(),
    down: { redis: true },
    pauses: SIGN_IN,
    works: PEOPLE,
  }))

drill('slow: a quarter of a second more for each answer is only slow', () =>
  rig.fault({
    begin: () => {
      rig.redis.latency = 120
    },
    end: () => rig.redis.heal(),
    down: {},
    works: [...PEOPLE, ...SIGN_IN, 'client credentials'],
  }))

drill('too slow: answers after more than half a second are no answers', () =>
  rig.fault({
    begin: () => {
      rig.redis.latency = 700
    },
    end: () => rig.redis.heal(),
    seconds: 4,
    down: { redis: true },
    pauses: SIGN_IN,
    works: PEOPLE,
  }))

test('full: writes are refused, nothing is evicted', async () => {
  const { stdout } = await redis('CONFIG', 'GET', 'maxmemory')
  const limit = stdout.trim().split('\n').at(-1)
  await rig.fault({
    begin: () => redis('CONFIG', 'SET', 'maxmemory', '1'),
    end: () => redis('CONFIG', 'SET', 'maxmemory', limit),
    // Redis answers but refuses writes, and its probe writes.
    down: { redis: true },
    pauses: [...SIGN_IN, 'client credentials'],
    works: PEOPLE,
  })
})

test('read-only: a failover made it a replica', () =>
  rig.fault({
    begin: async () => {
      // A replica of an unreachable primary that serves the data it has.
      await redis('CONFIG', 'SET', 'replica-serve-stale-data', 'yes')
      await redis('REPLICAOF', '127.0.0.1', '1')
    },
    end: () => redis('REPLICAOF', 'NO', 'ONE'),
    down: { redis: true },
    pauses: [...SIGN_IN, 'client credentials'],
    works: PEOPLE,
  }))
