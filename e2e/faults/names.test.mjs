// Name resolution fails: the server knows PostgreSQL and Redis only by name. (The mail relay: mail.test.mjs.)

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drill } from '../lib/drills.mjs'
import { Rig } from '../lib/faults.mjs'
import { Names } from '../lib/names.mjs'

const PAUSES = ['userinfo', 'refresh', 'silent sign-in']
const REMEMBERED = ['discovery', 'jwks']
const EVERYTHING = [...REMEMBERED, ...PAUSES, 'introspection', 'code exchange', 'client credentials']
/** More requests than the pool has connections, so that the pool is at its maximum and needs no new connection. */
const CROWD = 40
let names
let rig

before(async () => {
  names = new Names('database.porta.test', 'redis.porta.test')
  rig = await Rig.start('faults-names', {
    env: ({ store, pg, redis, database }) => ({
      DATABASE_URL: pg.through(database, 'database.porta.test'),
      REDIS_URL: redis.through(store.redis, 'redis.porta.test'),
    }),
    wrap: () => names.wrap,
  })
})
after(async () => {
  await rig?.end()
  await names?.end()
})

for (const [name, isSilent] of [['the name server refuses', false], ['the name server says nothing', true]]) {
  drill(`no name resolves, ${name}: all is well while connections last`, async () => {
    const { rp, tokens } = await rig.load().arrive()
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => rp.userinfo(tokens.access_token)))
    assert.ok(crowd.every(({ status }) => status === 200))
    await rig.fault({ begin: () => names.lose({ isSilent }), end: () => names.heal(), down: {}, works: EVERYTHING })
  })

  const always = isSilent ? drill : test
  always(`no name resolves, ${name}, and every connection is lost`, () =>
    rig.fault({
      begin: async () => {
        await names.lose({ isSilent })
        rig.pg.cut()
        rig.redis.cut()
      },
      end: () => names.heal(),
      down: { db: true, redis: true },
      pauses: PAUSES,
      works: REMEMBERED,
    }))
}
