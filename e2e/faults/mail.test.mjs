// Every kind of outage of the mail relay: no request waits for it, no waiting email is lost or sent twice, and waiting
// mail arrives within two seconds of the relay's return. (Signing in by password meanwhile: pages.test.mjs.)

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { drill } from '../lib/drills.mjs'
import { Names } from '../lib/names.mjs'
import { sleep } from '../lib/porta.mjs'
import { Toxic } from '../lib/toxic.mjs'
import { BACK_WITHIN_MS, Watch, assertTruthful } from '../lib/watch.mjs'
import { World } from '../lib/world.mjs'

const HONEST_ANSWER_MS = 3_000
/** Longer than the first retry of a message that failed for another reason (5 s ± 20 %), shorter than the next. */
const PAST_A_RETRY_S = 8
/** Longer than a resolver waits for a name server that does not answer (10 s), plus one check of the relay. */
const PAST_A_RESOLVER_S = 13
/** Longer than an idle connection may take to answer (2 s) and a new one to be greeted (30 s), plus one check. */
const PAST_A_GREETING_S = 35
let names
let world
let toxic

before(async () => {
  names = new Names('relay.porta.test')
  world = await World.start('faults-mail', { ways: 25 }, async (relay) => {
    toxic = await Toxic.before(new URL(`smtp://127.0.0.1:${relay.port}`))
    return { SMTP_HOST: 'relay.porta.test', SMTP_PORT: String(toxic.port) }
  }, names.wrap)
})
after(async () => {
  await toxic?.heal()
  await world?.end()
  await toxic?.close()
  await names?.end()
})

/** Requests a magic link within the time limit; returns the person and their browser. */
async function askForLink() {
  const person = world.person()
  const rp = world.rp()
  const agent = rp.agent()
  const { at } = await rp.authorize(agent)
  const begun = performance.now()
  const button = at.root.querySelector('#magic-link-btn')
  const answer = await agent.submit(at, at.loginForm, { email: person.email, password: '' }, button)
  assert.equal(answer.status, 200, String(answer))
  const took = performance.now() - begun
  assert.ok(took < HONEST_ANSWER_MS, `a page took ${took} ms`)
  return { person, agent }
}

/** The link of an email signs in the browser that requested it, once. */
async function assertWorksOnce(agent, { link }) {
  const landing = await agent.open(link)
  const [form] = landing.forms
  const twin = agent.clone()
  const at = await agent.submit(landing, form)
  assert.equal(at.kind, 'callback', String(at))
  assert.ok(at.params.code, String(at))
  const same = await twin.clone().submit(landing, form)
  assert.deepEqual([same.kind, same.params], [at.kind, at.params], 'the same form has the same answer')
  for (const again of [await twin.submit(landing, form, { n: '2' }), await twin.open(link), await agent.open(link)]) {
    assert.equal(again.kind, 'page', `a second time: ${again}`)
    assert.ok(again.status >= 400 && again.isHtml, `a second time: ${again}`)
  }
}

const everybody = []

for (const [name, begin, seconds, register = test] of [
  ['refuses connections', () => toxic.down(), PAST_A_RETRY_S],
  ['is silent', () => toxic.freeze(), PAST_A_RETRY_S],
  ['vanished, and its successor has the address', () => toxic.vanish(), PAST_A_GREETING_S, drill],
  ['has a name that does not resolve', () => lose(), PAST_A_RETRY_S, drill],
  ['has a name that no name server says anything about', () => lose({ isSilent: true }), PAST_A_RESOLVER_S, drill],
]) {
  register(`the relay ${name}: nobody is kept waiting, mails come as soon as it is back`, async () => {
    // The server keeps an idle connection to the relay that is about to fail.
    const early = await askForLink()
    await world.relay.mailFor(early.person.email)
    everybody.push(early.person)
    const watch = new Watch(world.porta)
    const when = { from: performance.now() }
    const waiting = []
    let back
    let mails
    let samples
    try {
      try {
        await begin()
        when.struck = performance.now()
        waiting.push(await askForLink(), await askForLink())
        await sleep(when.struck + seconds * 1000 - performance.now())
        // This one joins the queue late.
        waiting.push(await askForLink())
        when.healing = performance.now()
      } finally {
        await Promise.all([toxic.heal(), names.heal()])
        when.until = performance.now()
      }
      mails = await Promise.all(waiting.map(({ person }) => world.relay.mailFor(person.email)))
      back = performance.now() - when.until
      waiting.push(await askForLink())
      mails.push(await world.relay.mailFor(waiting.at(-1).person.email))
      await sleep(when.until + BACK_WITHIN_MS + 500 - performance.now())
    } finally {
      samples = await watch.stop()
    }
    assert.ok(back < BACK_WITHIN_MS, `what waited came after ${Math.round(back)} ms`)
    assertTruthful(samples, when, {})
    for (const [n, { person, agent }] of waiting.entries()) {
      await assertWorksOnce(agent, mails[n])
      everybody.push(person)
    }
    console.log(`# what waited came after ${Math.round(back)} ms`)
  })
}

async function lose(options) {
  await names.lose(options)
  toxic.cut()
}

test('each mail came once', async () => {
  await sleep(PAST_A_RETRY_S * 1000)
  for (const { email } of everybody) assert.ok(await world.relay.isSilentFor(email, 0), `a second mail to ${email}`)
})
