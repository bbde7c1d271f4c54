// The process is stopped under load for a while (frozen, suspended, without a processor) and continues. By then the
// stores' answers have arrived, but their timeouts have passed as well.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IS_DRILL } from '../lib/drills.mjs'
import { user } from '../lib/fixtures.mjs'
import { request, someAddress } from '../lib/http.mjs'
import { Porta, Store, eventually, sleep } from '../lib/porta.mjs'
import { Rp, basic } from '../lib/rp.mjs'

const FREEZES = IS_DRILL ? 10 : 2
/** Longer than any timeout of a store operation that serves requests. */
const FREEZE_MS = 2_500
const CALLERS = 32
/** Answers per caller after which the server has all its connections and is busy. */
const WARM = 3

let store
let porta

before(async () => {
  store = await Store.create()
  porta = await Porta.start({ name: 'faults-process', store })
})
after(async () => {
  await porta?.end()
  await store?.drop()
})

test('frozen again and again under load: everybody who waited is served', async () => {
  const rp = new Rp(porta.issuer(), 'e2e-es256', { from: someAddress() })
  const metadata = await rp.metadata()
  const { tokens } = await rp.signIn(rp.agent(), user('ada'))
  const machine = new Rp(porta.issuer(), 'e2e-machine', { from: someAddress() }).client
  const kinds = [
    () => request(metadata.userinfo_endpoint, { from: someAddress(), headers: { authorization: `Bearer ${tokens.access_token}` } }),
    () => request(metadata.token_endpoint, {
      from: someAddress(), fields: { grant_type: 'client_credentials' }, headers: { authorization: basic(machine.id, machine.secret) },
    }),
  ]
  const refused = []
  let served = 0
  let isOver = false
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    while (!isOver) {
      const answer = await kinds[caller % kinds.length]()
      if (answer.status === 200) served++
      else refused.push(String(answer))
    }
  })
  try {
    for (let round = 0; round < FREEZES; round++) {
      const before = served
      await eventually('the callers are served', () => served - before >= WARM * CALLERS, { seconds: 20 })
      porta.process.kill('SIGSTOP')
      await sleep(FREEZE_MS)
      porta.process.kill('SIGCONT')
    }
    await sleep(500)
  } finally {
    isOver = true
    await Promise.all(callers)
  }
  assert.deepEqual(refused.slice(0, 5), [], `${refused.length} of ${refused.length + served} were not served`)
  assert.ok(served > FREEZES * CALLERS, `served ${served}`)
})
