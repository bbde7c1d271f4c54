// A person in a browser of their own: comes from a relying party, fills in pages by what is written on them, and is
// sent back.

import assert from 'node:assert/strict'
import { assertClean, profile, relyingParty, screenshot } from './browser.mjs'
import { examine } from './examine.mjs'
import { someAddress } from './http.mjs'
import { STORE, sleep } from './porta.mjs'
import { RP } from './world.mjs'

/**
 * What people do, and what is done to them: `twice`, the milliseconds between two clicks; `latency`, those that the network
 * takes each way; `loses`: the first answer to everything they send is lost; `reloads` and `returns`: they reload each page
 * that a button leads to, or go back from it and forth again. One habit after the other, each walk has the next.
 */
export const HABITS = JSON.parse(process.env.E2E_HABITS ?? '[{}]')

/** Every walk is a test for each of these. Scripts know nothing of the store, so that one of them will do for the second. */
export const WITH_AND_WITHOUT_JS = STORE === 'embedded' ? [true, false] : [true]

export class Visitor {
  /** Of those who click twice. */
  static secondClicks = 0

  /** Runs `walk` in a fresh browser, and fails when a page misbehaved on the way. */
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
    // What a page says once is read first (told).
    if ((await this.page.locator('#flash').count()) === 0) await this.#reloadOrReturn()
  }

  /** The browser says that it had no answer. It asks once more by itself where the connection was an old one. */
  async #askAgain() {
    for (let times = 0; times < 5 && this.page.url().startsWith('chrome-error:'); times++) {
      await this.page.reload().catch(() => {})
    }
  }

  async #reloadOrReturn() {
    if (this.habit.reloads && this.page.url().startsWith(this.world.porta.base)) {
      await this.page.reload()
      await this.#readsNoFailure()
    }
    if (this.habit.returns) {
      await this.page.goBack()
      await this.#readsNoFailure()
      await this.page.goForward()
    }
  }

  /** What was done is not said to have failed. */
  async #readsNoFailure() {
    const text = await this.page.textContent('body')
    assert.doesNotMatch(text, /has ended|went wrong|cannot be completed/i)
  }

  /** Like somebody who double-clicks everything: the second click comes while the page is still there. */
  async #pressTwice(target) {
    await target.scrollIntoViewIfNeeded()
    const { x, y, width, height } = await target.boundingBox()
    const middle = [x + width / 2, y + height / 2]
    const before = this.page.url()
    await this.page.mouse.click(...middle)
    await sleep(this.habit.twice)
    if (this.page.url() !== before) return
    await this.page.mouse.click(...middle)
    Visitor.secondClicks += 1
  }

  /** The newest letter: a second click may have met the button of the next page that sends another. */
  letter({ email }, subject) {
    return this.world.relay.letter(email, subject, { newestWithin: this.habit.twice === undefined ? 0 : 500 })
  }

  async fill(fields) {
    for (const [label, value] of Object.entries(fields)) await this.field(label).fill(value)
  }

  /** Waits for the page with this heading and looks at it closely, once in a run. */
  async on(heading, name) {
    await this.page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor()
    await this.page.waitForLoadState()
    if (name && this.javaScript) await examine(this.page, name)
  }

  /** Waits for an alert or a notice that says so; `look` sees the page before anybody reloads it. */
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

  /** Back at the relying party, which redeems the code: all it learns, from the ID token and from UserInfo. */
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

  /** Path of a page of this organization. */
  url(path) {
    return `${this.rp.issuer}${path}`
  }

  open(path) {
    return this.page.goto(this.url(path))
  }
}
