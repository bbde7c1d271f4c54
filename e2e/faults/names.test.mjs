// Names stop resolving: the server sees a hosts file of its own (a mount name space, unshare of util-linux) and no name server, and finds PostgreSQL and
// Redis by names only.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Rig } from '../lib/faults.mjs'

const NAMES = '127.0.0.1 localhost database.porta.test redis.porta.test\n'
let hosts
let rig

/** Binds a hosts file and a resolver's configuration over the machine's, and becomes the command. */
const IN_A_NAME_SPACE = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'

before(async () => {
  const unshare = ['unshare', process.getuid() === 0 ? '-m' : '-rm']
  const { status, stderr } = spawnSync(unshare[0], [...unshare.slice(1), 'mount', '--bind', '/etc/hosts', '/etc/hosts'])
  assert.equal(status, 0, `needs root with the right to mount, or user name spaces: ${stderr}`)
  rig = await Rig.start('faults-names', {
    env: ({ store, pg, redis, database }) => ({
      DATABASE_URL: pg.through(database, 'database.porta.test'),
      REDIS_URL: redis.through(store.redis, 'redis.porta.test'),
    }),
    wrap: ({ store }) => {
      hosts = join(store.dataDir, 'hosts')
      const resolver = join(store.dataDir, 'resolv.conf')
      writeFileSync(hosts, NAMES)
      // Nobody listens there: a name that is not in the hosts file is an error at once.
      writeFileSync(resolver, 'nameserver 127.0.0.9\noptions timeout:1 attempts:1\n')
      return [...unshare, 'sh', '-c', IN_A_NAME_SPACE, 'sh', hosts, resolver]
    },
  })
})
after(() => rig?.end())

test('no name resolves, and every connection is lost', () =>
  rig.fault({
    begin: () => {
      writeFileSync(hosts, '127.0.0.1 localhost\n')
      rig.pg.cut()
      rig.redis.cut()
    },
    end: () => writeFileSync(hosts, NAMES),
    down: { db: true, redis: true },
    pauses: ['userinfo', 'refresh', 'silent sign-in'],
    works: ['discovery', 'jwks'],
  }))
