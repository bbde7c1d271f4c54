// The mail relay is away in every way it can be: nobody waits for it, nothing waiting is lost, and mail flows within two
// seconds of its return. (Signing in by password meanwhile: pages.test.mjs.)

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Toxic } from '../lib/toxic.mjs'
import { World } from '../lib/world.mjs'
import { sleep } from '../lib/porta.mjs'

const HONEST_ANSWER_MS = 3_000
const BACK_WITHIN_MS = 2_000
/** A message under way may be held for the minute it has; here its connection is cut when the relay comes back. */
const FLOWS_WITHIN_MS = 8_000
let world
let toxic

before(async () => {
  world = await World.start('faults-mail', { ways: 8 }, async (relay) => {
    toxic = await Toxic.before(new URL(`smtp://127.0.0.1:${relay.port}`))
    return { SMTP_PORT: String(toxic.port) }
  })
})
after(async () => {
  await toxic?.heal()
  await world?.end()
  await toxic?.close()
})

/** Asks for a link to sign in by; how long the page took. */
async function askForLink(person) {
  const rp = world.rp()
  const agent = rp.agent()
  const { at } = await rp.authorize(agent)
  const begun = performance.now()
  const button = at.root.querySelector('#magic-link-btn')
  const answer = await agent.submit(at, at.loginForm, { email: person.email, password: '' }, button)
  assert.equal(answer.status, 200, String(answer))
  return performance.now() - begun
}

for (const [name, begin] of [
  ['down', () => toxic.down()],
  ['frozen', () => toxic.freeze()],
]) {
  test(`${name}: people are not kept waiting, the letter comes later`, async () => {
    const [waiting, next] = [world.person(), world.person()]
    await begin()
    const took = await askForLink(waiting)
    assert.ok(took < HONEST_ANSWER_MS, `a page took ${took} ms`)
    for (let n = 0; n < 5; n++) {
      for (const path of ['/health', '/ready']) assert.equal((await world.porta.get(path, { timeout: 3_000 })).status, 200)
      await sleep(200)
    }
    await toxic.heal()
    const begun = performance.now()
    await askForLink(next)
    await world.relay.letter(next.email)
    const back = performance.now() - begun
    assert.ok(back < BACK_WITHIN_MS, `the next letter took ${back} ms`)
    // And so does the one that could not be sent.
    const letter = await world.relay.letter(waiting.email)
    assert.ok(letter.link)
    const flows = performance.now() - begun
    assert.ok(flows < FLOWS_WITHIN_MS, `what waited came after ${flows} ms`)
    console.log(`# the next letter after ${Math.round(back)} ms, the one that waited after ${Math.round(performance.now() - begun)} ms`)
  })
}
