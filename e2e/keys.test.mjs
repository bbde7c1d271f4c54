// Both encryption keys are replaced step by step, as in docs/operate/rotate.md, while people sign in with
// authenticators.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { client } from './lib/fixtures.mjs'
import { someAddress } from './lib/http.mjs'
import { Porta, eventually, secretHex } from './lib/porta.mjs'
import { Rp } from './lib/rp.mjs'
import { totp } from './lib/totp.mjs'

/** A code works once, so each person signs in with an app once after the setup, and the test need not wait. */
const people = ['kim', 'lou', 'mia', 'noa', 'pat'].map((name) => ({
  name, email: `${name}@demo.example`, password: 'lantern-Quay-41',
}))
const POLICY = `version: "1.0"
allow_passwords: true
organizations:
  - name: Demo
    slug: demo
    two_factor_policy: required_totp
    default_login_methods: [password]
    users: [${people.map(({ email, password }) => `{ email: ${email}, password: ${password} }`).join(', ')}]
`
const OFFLINE = { scope: 'openid email offline_access', prompt: 'consent' }
const VARIABLES = ['SIGNING_KEY_ENCRYPTION_KEY', 'TWO_FACTOR_ENCRYPTION_KEY']
const old = { SIGNING_KEY_ENCRYPTION_KEY: secretHex(), TWO_FACTOR_ENCRYPTION_KEY: secretHex() }
const fresh = { SIGNING_KEY_ENCRYPTION_KEY: secretHex(), TWO_FACTOR_ENCRYPTION_KEY: secretHex() }
const list = (...keys) => Object.fromEntries(VARIABLES.map((name) => [name, keys.map((each) => each[name]).join(',')]))

let porta
before(async () => {
  porta = await Porta.start({ name: 'keys', env: list(old) })
  const file = join(porta.store.dataDir, 'policy.yaml')
  writeFileSync(file, POLICY)
  await porta.cli('provision', '-f', file, '--mode', 'overwrite', '--direct')
})
after(() => porta?.end())

const relyingParty = () => new Rp(porta.issuer(), client('e2e-es256'), { from: someAddress() })

async function restartWith(keys) {
  await porta.stop()
  Object.assign(porta.env, keys)
  await porta.up()
}

async function reseal(...more) {
  return JSON.parse(await porta.cli('keys', 'reseal', '--direct', '--json', ...more))
}

const kind = (report, name) => report.kinds.find((each) => each.kind === name)
const older = (report, name) => report.olderKeys.find((each) => each.variable === name)

/** From the second factor to the tokens. `factor` submits the page that asks for it. */
async function finish(rp, agent, flow, page, factor) {
  const asked = await factor(agent, page)
  const at = asked.kind === 'page' && asked.isConsent ? await agent.decide(asked, 'approve') : asked
  assert.equal(at.kind, 'callback', String(at))
  assert.ok(at.params.code, String(at))
  return { rp, agent, nonce: flow.nonce, tokens: await rp.tokens({ ...flow, code: at.params.code }) }
}

async function signIn(person, factor) {
  const rp = relyingParty()
  const agent = rp.agent()
  const flow = await rp.authorization(OFFLINE)
  const page = await agent.signIn(await agent.open(flow.url), person)
  return finish(rp, agent, flow, page, factor)
}

const form = (page) => page.root.querySelector('#verify-form')

const withApp = (key, steps = 1) => (agent, page) => agent.submit(page, form(page), { code: totp(key, steps) })

const withRecoveryCode = (code) => async (agent, page) => {
  const link = page.root.querySelector('#use-recovery-btn').getAttribute('href')
  const asked = await agent.open(new URL(link, page.url), { crossSite: false })
  return agent.submit(asked, form(asked), { code })
}

/** Sets up an authenticator; stores its key and the recovery codes in `holder`. */
const enrolling = (holder) => async (agent, page) => {
  assert.ok(page.root?.querySelector('.secret-key code'), String(page))
  holder.key = page.root.querySelector('.secret-key code').text.replaceAll(' ', '')
  const codes = await agent.submit(page, form(page), { code: totp(holder.key) })
  holder.codes = codes.root.querySelectorAll('.code-list code').map((code) => code.text)
  assert.equal(holder.codes.length, 10, String(codes))
  return agent.submit(codes, codes.forms[0])
}

function assertNoSecret(text) {
  for (const key of [old, fresh]) for (const name of VARIABLES) assert.ok(!text.includes(key[name]), 'a key was said')
}

test('both encryption keys are replaced and nobody notices', async () => {
  const [kim, lou, mia, noa, pat] = people
  const before = await signIn(kim, enrolling(kim))
  for (const person of [lou, mia, pat]) await signIn(person, enrolling(person))
  const kids = (await before.rp.jwks({ fresh: true })).keys.map(({ kid }) => kid).sort()

  // Step 1: every process knows the new key before any process encrypts with it.
  await restartWith(list(old, fresh))
  await signIn(kim, withApp(kim.key))
  const rp = relyingParty()
  const begun = rp.agent()
  const flow = await rp.authorization(OFFLINE)
  const opened = await begun.open(flow.url)
  const factor = await begun.signIn(opened, lou)
  const early = await reseal('--dry-run')
  assert.equal(kind(early, 'authenticator').resealed, 0, 'the old key is still the first')

  // Step 2: the new key encrypts, both decrypt.
  await restartWith(list(fresh, old))
  await finish(rp, begun, flow, factor, withApp(lou.key))
  await signIn(lou, withRecoveryCode(lou.codes[0]))
  await signIn(noa, enrolling(noa))
  await before.rp.verifyIdToken(before.tokens.id_token, { nonce: before.nonce })

  // The old key is removed too early: the process reports that it is not ready; `reseal` lists what it cannot decrypt
  // and leaves it unchanged.
  await porta.stop()
  Object.assign(porta.env, list(fresh))
  await porta.up({ ready: false })
  const unready = await eventually('/ready says so', async () => {
    const answer = await porta.get('/ready').catch(() => null)
    return answer?.status === 503 && answer
  })
  assert.match(unready.body, /signing_keys_sealed/)
  const refused = await porta.tryCli('keys', 'reseal', '--direct', '--json')
  assert.equal(refused.code, 4, refused.stderr)
  const named = JSON.parse(refused.stdout)
  assert.equal(kind(named, 'authenticator').notOpened.length, 4, 'of four people')
  assertNoSecret(refused.stdout + refused.stderr)

  // Step 3: reencrypt, twice at once and during a sign-in.
  await restartWith(list(fresh, old))
  const look = await reseal('--dry-run')
  assert.equal(kind(look, 'authenticator').resealed, 4)
  assert.equal(older(look, 'SIGNING_KEY_ENCRYPTION_KEY').mayGo, false)
  const [first, second] = await Promise.all([reseal(), reseal(), signIn(pat, withApp(pat.key))])
  assert.equal(kind(first, 'authenticator').resealed + kind(second, 'authenticator').resealed, 4)
  assert.ok(kind(first, 'signing_key').resealed + kind(second, 'signing_key').resealed >= 2)
  const done = await reseal()
  for (const each of done.kinds) assert.deepEqual([each.resealed, each.notOpened], [0, []], each.kind)
  assert.equal(older(done, 'SIGNING_KEY_ENCRYPTION_KEY').mayGo, true)
  const factors = older(done, 'TWO_FACTOR_ENCRYPTION_KEY')
  assert.equal(factors.mayGo, false, 'recovery codes')
  assert.deepEqual([factors.neededBy.authenticators, factors.neededBy.recoveryCodes], [0, 39])
  const words = await porta.cli('keys', 'reseal', '--direct')
  assert.match(words, /key 2 of SIGNING_KEY_ENCRYPTION_KEY: nothing that is stored needs it/)
  assertNoSecret(words)

  // Step 5: the old key is removed.
  await restartWith(list(fresh))
  await signIn(mia, withApp(mia.key))
  await signIn(noa, withRecoveryCode(noa.codes[0]))
  assert.deepEqual((await before.rp.jwks({ fresh: true })).keys.map(({ kid }) => kid).sort(), kids)
  await before.rp.verifyIdToken(before.tokens.id_token, { nonce: before.nonce })
  assert.equal(await before.rp.isActive(before.tokens.access_token), true)
  assert.equal((await before.rp.refresh(before.tokens.refresh_token)).status, 200)
  const silent = await before.rp.code(before.agent, { prompt: 'none' })
  assert.deepEqual(silent.asked, [], 'the session is there')
  const lost = await reseal()
  assert.deepEqual([lost.olderKeys, lost.lostRecoveryCodes], [[], 39])
})
