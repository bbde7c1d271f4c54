// The wall clock jumps forward and back (libfaketime; the monotonic clock, which waits use, is unaffected).
//
// Lifetimes follow the wall clock. What has expired by it is refused, and what was used stays used. When the clock is
// right again, nothing that was acknowledged is missing: short-lived entries are removed by the monotonic clock, and
// expired rows only after a clock that jumped ahead has stayed there for an hour.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Clock } from '../lib/clock.mjs'
import { client, user } from '../lib/fixtures.mjs'
import { someAddress } from '../lib/http.mjs'
import { Porta, Store, eventually } from '../lib/porta.mjs'
import { Rp, assertTokenError } from '../lib/rp.mjs'

const ada = user('ada')
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }
let porta
let store
let clock

before(async () => {
  store = await Store.create()
  // The test data is created one day in the past.
  clock = new Clock(-86_400)
  porta = await Porta.start({ name: 'faults-clock', store, env: clock.env })
  for (const key of ['session_ttl', 'client_credentials_ttl']) await porta.cli('config', 'set', key, '1h', '--direct')
  await jump(0)
  // A process takes the clock at its start as right.
  await porta.restart()
})
after(async () => {
  await porta?.end()
  await store?.drop()
  clock?.end()
})

/** Sets the server's clock this many seconds away from ours. */
async function jump(seconds) {
  clock.set(seconds)
  const machine = machineClient()
  // The Date header does not show a jump back: the HTTP library caches it until the clock has passed it.
  await eventually('the clock has jumped', async () => {
    const token = await machineToken(machine)
    const { iat } = (await machine.introspect(token)).json()
    return Math.abs(iat - Date.now() / 1000 - seconds) < 5
  }, { seconds: 5 })
}

const machineClient = () => new Rp(porta.issuer(), client('e2e-machine'), { from: someAddress() })
const machineToken = async (machine) => (await machine.token({ grant_type: 'client_credentials' })).json().access_token
const relyingParty = () => new Rp(porta.issuer(), client('e2e-es256'), { from: someAddress() })

async function assertSound() {
  for (const path of ['/health', '/ready']) assert.equal((await porta.get(path, { timeout: 3_000 })).status, 200)
  assert.ok(porta.running, porta.tail())
}

/** Waits for the next sweep: once a minute the server logs whether it removed or kept expired rows. */
function sweep(from) {
  const words = /expired rows are kept|expired rows removed/
  return eventually('a sweep', () => words.test(porta.logged.slice(from)), { seconds: 75, every: 500 })
}

/** A browser with a session, its tokens, and a client-credentials token, each valid for at least an hour. */
async function arrival() {
  const rp = relyingParty()
  const agent = rp.agent()
  const { tokens } = await rp.signIn(agent, ada, OFFLINE)
  const machine = machineClient()
  return { rp, agent, tokens, machine, machineToken: await machineToken(machine) }
}

async function assertThere({ rp, agent, tokens, machine, machineToken: token }) {
  assert.equal(await rp.isActive(tokens.access_token), true, 'an access token')
  assert.equal((await rp.userinfo(tokens.access_token)).status, 200)
  assert.equal(await machine.isActive(token), true, 'a token of a machine')
  await rp.tokens(await rp.code(agent, { prompt: 'none' }))
}

for (const [name, seconds, lives] of [['half an hour forward', 1800, true], ['two hours forward', 7200, false], ['two hours back', -7200, true]]) {
  test(`${name}, and right again`, async () => {
    const { pid } = porta
    const rp = relyingParty()
    const agent = rp.agent()
    const { tokens } = await rp.signIn(agent, ada, OFFLINE)
    const spent = await rp.code(agent, { prompt: 'none' })
    await rp.tokens(spent)
    const rotated = (await rp.refresh(tokens.refresh_token)).json()
    const kept = await arrival()
    const logged = porta.logged.length

    await jump(seconds)
    await assertSound()
    assert.equal(await rp.isActive(rotated.access_token), lives, 'a token of an hour')
    assert.equal((await rp.userinfo(rotated.access_token)).status, lives ? 200 : 401)
    assertTokenError(await rp.redeem(spent), 'invalid_grant')
    const next = await rp.refresh(rotated.refresh_token)
    assert.equal(next.status, 200, `a refresh token lives for weeks: ${next}`)
    assert.equal(await rp.isActive(next.json().access_token), true, 'what is issued under this clock works under it')
    const other = relyingParty()
    const late = await other.signIn(other.agent(), ada, OFFLINE)
    assert.equal(await other.isActive(late.tokens.access_token), true, 'so does a new sign-in')
    if (lives) await assertThere(kept)
    // Let a sweep run while the clock is wrong.
    else await sweep(logged)

    await jump(0)
    await assertSound()
    assert.equal(porta.pid, pid, 'without a restart')
    await assertThere(kept)
    assert.equal((await kept.rp.refresh(kept.tokens.refresh_token)).status, 200, 'a refresh token')
    assertTokenError(await rp.redeem(spent), 'invalid_grant')
    const again = await rp.refresh(next.json().refresh_token)
    assert.equal(again.status, 200, `the chain goes on: ${again}`)
    assert.equal((await other.refresh(late.tokens.refresh_token)).status, 200, 'and the other one')
    const fresh = relyingParty()
    const { nonce, tokens: last } = await fresh.signIn(fresh.agent(), ada)
    await fresh.verifyIdToken(last.id_token, { nonce })
  })
}

test('back before the last suspension of an organization, and right again', async () => {
  const beta = () => new Rp(porta.issuer('beta'), client('e2e-beta'), { from: someAddress() })
  const someone = user('ada', 'beta')
  for (const verb of ['suspend', 'activate']) await porta.cli('org', verb, 'beta', '--direct', '--force')
  const rp = beta()
  const { tokens } = await rp.signIn(rp.agent(), someone, OFFLINE)
  await jump(-7200)
  await assertSound()
  // Sessions and codes from before a suspension are void, and by this clock every new one is from before it.
  const late = beta()
  const flow = await late.authorize(late.agent(), {}, { person: someone })
  if (flow.at.kind === 'callback') assertTokenError(await late.redeem({ ...flow, code: flow.at.params.code }), 'invalid_grant')
  else assert.ok(flow.at.status === 400 && flow.at.isHtml, `refused with a page: ${flow.at}`)
  await jump(0)
  await assertSound()
  assert.equal((await rp.refresh(tokens.refresh_token)).status, 200)
  const again = beta()
  await again.signIn(again.agent(), someone)
})
