// A person with a browser profile of their own, who comes from a relying party, finds fields and buttons by their
// visible text, and is sent back.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertClean, profile, relyingParty, screenshot } from './browser.mjs'
import { examine } from './examine.mjs'
import { someAddress } from './http.mjs'
import { STORE, sleep } from './porta.mjs'
import { RP } from './world.mjs'

/**
 * Habits of visitors. `twice`: milliseconds between the two clicks of a double click; `latency`: milliseconds that the
 * network adds each way; `loses`: the first response to each form is lost (lib/lossy.mjs); `reloads`: reload each page
 * that a button leads to; `returns`: go back from it and forward again. Walks take the habits in turn.
 */
const HABITS = JSON.parse(process.env.E2E_HABITS ?? '[{}]')

/** Whether a server needs a proxy in front that loses responses. */
export const IS_LOSSY = HABITS.some(({ loses }) => loses)

/** Each walk is one test per value. Scripts do not depend on the store, so PostgreSQL runs only with JavaScript. */
const WITH_AND_WITHOUT_JS = STORE === 'embedded' ? [true, false] : [true]

let walks = 0

/** Registers one test per value of WITH_AND_WITHOUT_JS, each with the next habit; `walk` gets `{ javaScript, habit }`. */
export function walkTest(name, walk) {
  for (const javaScript of WITH_AND_WITHOUT_JS) {
    const habit = HABITS[walks++ % HABITS.length]
    const how = [javaScript ? 'with JavaScript' : 'without JavaScript', ...Object.entries(habit).map(([what, much]) => (much === true ? what : `${what} ${much} ms`))]
    test(`${name}, ${how.join(', ')}`, () => walk({ javaScript, habit }))
  }
}

/**
 * Registers the last test of a file: it fails if the habits had no effect on the walks in the world. Not a hook, because
 * one that fails keeps the others from ending their servers.
 */
export function habitsTest(world) {
  if (HABITS.some((habit) => Object.keys(habit).length > 0)) test('the habits had an effect', () => assertHabitsShowed(world()))
}

/** On a fast network the next page may precede a second click. */
function assertHabitsShowed(world) {
  if (world.edge) assert.ok(world.edge.lost > 0, 'answers were lost')
  const areCertain = HABITS.some(({ twice, latency }) => twice <= latency)
  if (areCertain) assert.ok(Visitor.secondClicks > 0, 'buttons were pressed twice')
}

export class Visitor {
  /** Second clicks of all visitors with the habit `twice`. */
  static secondClicks = 0

  /** Runs `walk` in a fresh browser profile, and fails when a page had an error on the way (see assertClean). */
  static async walk(world, browser, { javaScript = true, rp = world.rp(), tag = '', habit = {}, ...options }, walk) {
    const visitor = new Visitor()
    const from = someAddress()
    const { context, page, problems } = await profile(browser, {
      javaScript,
      extraHTTPHeaders: { 'x-forwarded-for': from, ...(habit.loses ? { 'x-loses-answers': from } : {}) },
      ...options,
    })
    Object.assign(visitor, { world, browser, javaScript, rp, context, page, problems, habit })
    if (habit.latency) {
      const network = await context.newCDPSession(page)
      await network.send('Network.enable')
      await network.send('Network.emulateNetworkConditions', {
        offline: false, latency: habit.latency, downloadThroughput: -1, uploadThroughput: -1,
      })
    }
    visitor.site = await relyingParty(context, RP)
    page.setDefaultTimeout(15_000)
    try {
      await walk(visitor)
      assertClean(problems)
    } catch (error) {
      await screenshot(page, `failed-${Date.now()}`).catch(() => {})
      const text = await page.textContent('body').catch(() => '')
      throw new Error(`at ${page.url()}\n${text.replaceAll(/\s+/g, ' ').slice(0, 600)}`, { cause: error })
    } finally {
      await context.close()
    }
  }

  /** Follows the relying party's link to sign in. */
  async begin(extra = {}) {
    this.flow = await this.rp.authorization({ scope: 'openid profile email', ...extra })
    this.site.link = this.flow.url
    await this.page.goto(`${RP}/start`)
    await this.page.click('#go')
    await this.page.waitForLoadState()
  }

  /** The field with this label. */
  field(label) {
    return this.page.getByLabel(label, { exact: true })
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true })
  }

  link(name) {
    return this.page.getByRole('link', { name, exact: true })
  }

  /** Presses a button, or follows a link that looks like one, and waits for the next page. */
  async press(name, among = this.page) {
    const button = among.getByRole('button', { name, exact: true })
    const target = button.or(among.getByRole('link', { name, exact: true }))
    if (this.habit.twice !== undefined) {
      await this.#pressTwice(target)
    } else if (this.habit.loses || this.habit.reloads || this.habit.returns) {
      await Promise.all([this.page.waitForEvent('framenavigated'), target.click()])
    } else {
      await target.click()
    }
    await this.page.waitForLoadState()
    if (this.habit.loses) await this.#askAgain()
    // A flash message is shown once: `told` reads it before the page is reloaded.
    if ((await this.page.locator('#flash').count()) === 0) await this.#reloadOrReturn()
  }

  /** Reloads while the browser shows that a response was lost. On a reused connection it repeats one request itself. */
  async #askAgain() {
    for (let times = 0; times < 5 && this.page.url().startsWith('chrome-error:'); times++) {
      await this.page.reload().catch(() => {})
    }
  }

  async #reloadOrReturn() {
    if (this.habit.reloads && this.page.url().startsWith(this.world.porta.base)) {
      await this.page.reload()
      await this.#readsNoFailure(/has ended|went wrong|cannot be completed|used already|is over/i)
    }
    if (this.habit.returns) {
      await this.page.goBack()
      // The page of a mailed link says that the link is used up.
      await this.#readsNoFailure(/has ended|went wrong|cannot be completed/i)
      await this.page.goForward()
    }
  }

  /** No page reports a failure of what has succeeded. */
  async #readsNoFailure(words) {
    assert.doesNotMatch(await this.page.textContent('body'), words)
  }

  /** Clicks twice in the same place, whatever is there the second time, unless the browser has gone to the relying party. */
  async #pressTwice(target) {
    await target.click({ trial: true })
    const { x, y, width, height } = await target.boundingBox()
    const middle = [x + width / 2, y + height / 2]
    await this.page.mouse.click(...middle)
    await sleep(this.habit.twice)
    if (!this.page.url().startsWith(this.world.porta.base)) return
    await this.page.mouse.click(...middle)
    Visitor.secondClicks += 1
  }

  /** Presses a button that downloads a file. If the response is lost, the browser shows so, and the form is sent again. */
  async download(name) {
    const file = this.page.waitForEvent('download')
    if (this.habit.loses) {
      this.page.waitForEvent('framenavigated').then(() => this.page.reload()).catch(() => {})
    }
    if (this.habit.twice === undefined) await this.button(name).click()
    else await this.#pressTwice(this.button(name))
    return file
  }

  /** The email to a person; after double clicks the newest one, as the second click may have sent another. */
  mailFor({ email }, subject) {
    return this.world.relay.mailFor(email, subject, { newestWithin: this.habit.twice === undefined ? 0 : 500 })
  }

  async fill(fields) {
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(value)
  }

  /** Waits for the page with this heading, and examines it once per file if it has a name (lib/examine.mjs). */
  async on(heading, name) {
    await this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
    await this.page.waitForLoadState()
    if (name && this.javaScript) await examine(this.page, name)
  }

  /** Waits for a flash message with this text; `look` runs before a habit reloads the page. */
  async told(text, look) {
    await this.page.locator('#flash', { hasText: text }).waitFor()
    await this.page.waitForLoadState()
    await look?.()
    await this.#reloadOrReturn()
  }

  async signIn(person, password = person.password) {
    await this.fill({ 'Email address': person.email, Password: password })
    await this.press('Sign in')
  }

  /** Waits for the callback, redeems the code, and returns the claims of the ID token and UserInfo. */
  async arrives() {
    await this.page.waitForSelector('#arrived')
    const back = new URL(this.site.visits.at(-1).url)
    assert.equal(back.searchParams.get('error'), null, back.search)
    assert.equal(back.searchParams.get('state'), this.flow.state)
    this.tokens = await this.rp.tokens({ ...this.flow, code: back.searchParams.get('code') })
    const { payload } = await this.rp.verifyIdToken(this.tokens.id_token, { nonce: this.flow.nonce })
    this.idToken = payload
    return { ...(await this.rp.userinfo(this.tokens.access_token)).json(), ...payload }
  }

  /** Address of a page of this organization. */
  url(path) {
    return `${this.rp.issuer}${path}`
  }

  open(path) {
    return this.page.goto(this.url(path))
  }
}
