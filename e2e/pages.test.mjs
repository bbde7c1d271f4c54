// Pages: errors and limits, by keyboard alone, in eight languages, and while mail cannot be sent.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { launch } from './lib/browser.mjs'
import { Clock } from './lib/clock.mjs'
import { assertAccessible, examine, tabTo } from './lib/examine.mjs'
import { eventually, sleep } from './lib/porta.mjs'
import { totp } from './lib/totp.mjs'
import { Visitor } from './lib/visitor.mjs'
import { World } from './lib/world.mjs'

const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'nl', 'ja', 'ar']
const MINUTE_S = 63

let browser
let clock
let world

before(async () => {
  browser = await launch()
  clock = new Clock()
  world = await World.start('pages', { ways: 17, 'by-app': 1, strict: 6, narrow: 2 }, clock.env)
})
after(async () => {
  await browser?.close()
  await world?.end()
  clock?.end()
})

/** A test with a visitor in a fresh browser profile. */
function visit(name, { at = 'ways', ...options }, walk) {
  test(name, () =>
    Visitor.walk(world, browser, { rp: world.rp(at), ...options }, (visitor) => walk(visitor, at)))
}

async function askForLink(visitor, kim) {
  await visitor.begin()
  await visitor.fill({ 'Email address': kim.email })
  await visitor.press('Send me a sign-in link')
}

async function askForReset(visitor, kim) {
  await visitor.open('/auth/forgot-password')
  await visitor.fill({ 'Email address': kim.email })
  await visitor.press('Send me the link')
}

/** Checks status and heading of an error page, and examines the page. */
async function refused(visitor, response, status, heading, name) {
  assert.equal(response.status(), status)
  await visitor.on(heading, name)
}

describe('pages', { concurrency: 3 }, () => {
  visit('takes no clicks for its first quarter of a second', {}, async ({ page }) => {
    await page.goto(`${world.porta.base}/ways/auth/forgot-password`)
    const states = await page.evaluate(() => {
      const [settling] = document.getAnimations()
      settling.pause()
      const at = (time) => {
        settling.currentTime = time
        const { left, top } = document.querySelector('button').getBoundingClientRect()
        return Boolean(document.elementFromPoint(left + 5, top + 5).closest('button'))
      }
      return { atOnce: at(0), beforeTheEnd: at(240), afterwards: at(260) }
    })
    assert.deepEqual(states, { atOnce: false, beforeTheEnd: false, afterwards: true })
  })

  describe('errors', { concurrency: 2 }, () => {
    visit('nothing is there', {}, async (visitor) => {
      const { page } = visitor
      const { base } = world.porta
      await refused(visitor, await page.goto(`${base}/nobody/account`), 404, 'Page not found', 'unknown-organization')
      await refused(visitor, await page.goto(base), 200, 'Hello')
      await examine(page, 'root', { titled: false })
      const client = await page.goto(visitor.url('/auth?client_id=nobody&response_type=code'))
      await refused(visitor, client, 400, 'Application not recognised', 'unknown-client')
      const parameter = await page.goto(visitor.url(`/auth?client_id=${visitor.rp.client.id}&client_id=x`))
      await refused(visitor, parameter, 400, 'This request cannot be completed', 'invalid-request')
      const uid = await page.goto(visitor.url('/interaction/unknown'))
      await refused(visitor, uid, 400, 'Your browser kept nothing of this sign-in')
    })

    visit('Back after the end', {}, async (visitor) => {
      const kim = world.person()
      await visitor.begin()
      // A refused form comes in between: Back must not ask whether to submit it again.
      await visitor.signIn(kim, 'not the password')
      await visitor.told('do not match')
      await visitor.signIn(kim)
      await visitor.arrives()
      await refused(visitor, await visitor.page.goBack(), 400, 'This sign-in is finished', 'finished')
      await visitor.press('Open your account')
      await visitor.on('Your account')
    })

    visit('many sign-ins left open', {}, async (visitor) => {
      const kim = world.person()
      await visitor.begin()
      await visitor.signIn(kim)
      await visitor.arrives()
      // Chromium keeps 180 cookies of a site, and each sign-in has two: the session must not be pushed out.
      for (let n = 0; n < 95; n += 1) {
        const { url } = await visitor.rp.authorization({ prompt: 'login' })
        await visitor.page.goto(url)
      }
      await visitor.on('Sign in')
      const cookies = await visitor.context.cookies()
      assert.ok(cookies.length < 60, `${cookies.length} cookies`)
      await visitor.open('/account')
      await visitor.on('Your account')
    })

    visit('an application that knows another host name', {}, async (visitor) => {
      const { url } = await visitor.rp.authorization({ scope: 'openid' })
      const elsewhere = await visitor.page.goto(url.replace('//localhost:', '//127.0.0.1:'))
      await refused(visitor, elsewhere, 400, 'Signing in began at another address', 'other-host')
    })

    visit('links of another organization, or mangled', {}, async (visitor) => {
      const kim = world.person()
      await askForLink(visitor, kim)
      const magic = await world.relay.mailFor(kim.email)
      await askForReset(visitor, kim)
      const reset = await world.relay.mailFor(kim.email)
      for (const { link } of [magic, reset]) {
        for (const wrong of [link.replace('/ways/', '/strict/'), `${link.slice(0, -3)}xyz`]) {
          const response = await visitor.page.goto(wrong)
          await refused(visitor, response, 400, 'This link does not work here', 'link-unknown')
        }
      }
      for (const way of ['accept-invite', 'verify-email']) {
        const response = await visitor.page.goto(reset.link.replace('reset-password', way))
        assert.equal(response.status(), 400, 'a link of one purpose is none of another')
      }
      await visitor.page.goto(reset.link)
      await visitor.on('Set a new password')
    })

    visit('too many passwords', { at: 'strict' }, async (visitor) => {
      const kim = world.person('strict')
      await visitor.begin()
      // Repeating a wrong password or reloading the page does not count as another guess (decision 0044).
      for (let n = 0; n < 4; n += 1) {
        await visitor.signIn(kim, 'not the password')
        await visitor.told('do not match')
        await visitor.page.reload()
      }
      for (let n = 0; n < 2; n += 1) {
        await visitor.signIn(kim, `not the password ${n}`)
        await visitor.told('do not match')
      }
      // The account is locked: the right password gets the message of a wrong one, so that guessing learns nothing.
      await visitor.signIn(kim)
      await visitor.told('do not match')
      await visitor.signIn(kim, 'not the password')
      const limited = visitor.page.waitForResponse((response) => response.status() === 429)
      await visitor.signIn(kim)
      assert.ok(Number((await limited).headers()['retry-after']) > 0)
      await visitor.on('Sign in', 'login-limited')
      await visitor.told('Please try again in about 15 minutes')
    })

    visit('too many mails', { at: 'strict' }, async (visitor) => {
      const kim = world.person('strict')
      // A request over the limit for one person gets the same page as any other.
      await askForLink(visitor, kim)
      await visitor.press('Send it again')
      await visitor.on('Check your email')
      for (let n = 0; n < 2; n += 1) {
        await askForReset(visitor, kim)
        await visitor.on('Check your email')
      }
      for (const subject of [/sign-in link/, /new password/]) await world.relay.mailFor(kim.email, subject)
      assert.ok(await world.relay.isSilentFor(kim.email))
    })

    visit('too many mails for one network', { at: 'narrow' }, async (visitor) => {
      const kim = world.person('narrow')
      for (let n = 0; n < 2; n += 1) {
        await askForLink(visitor, kim)
        await visitor.on('Check your email')
      }
      await askForLink(visitor, kim)
      await visitor.on('Sign in', 'magic-link-limited')
      await visitor.told('Please try again in about 15 minutes')
      await askForReset(visitor, kim)
      await visitor.on('Forgotten your password?', 'forgot-password-limited')
      await visitor.told('Please try again in about 15 minutes')
    })

    visit('a form that was filled in elsewhere', {}, async (visitor) => {
      const kim = world.person()
      const forge = () => visitor.page.locator('[name=_csrf]').evaluateAll((all) => all.forEach((one) => (one.value = 'x')))
      await visitor.begin()
      await forge()
      await visitor.signIn(kim)
      await visitor.on('Sign in', 'login-forged')
      await visitor.told('out of date')
      await forge()
      await visitor.press('Cancel')
      await visitor.on('Please try that again', 'forged')
      await visitor.begin()
      await visitor.signIn(kim)
      await visitor.arrives()
      await visitor.open('/account/sessions')
      await forge()
      await visitor.press('Sign out', visitor.page.getByRole('main'))
      await visitor.told('out of date')
    })

    visit('fields left empty', {}, async (visitor) => {
      await visitor.begin()
      await visitor.page.locator('form').evaluateAll((forms) => forms.forEach((form) => (form.noValidate = true)))
      await visitor.press('Sign in')
      await visitor.on('Sign in', 'login-empty')
      await visitor.told('Please enter your email address')
      assert.ok(await visitor.field('Email address').evaluate((field) => field === document.activeElement))
    })

    visit('accounts that may not sign in', {}, async (visitor) => {
      const kim = world.person()
      await world.porta.cli('user', 'suspend', kim.email, '--org', 'ways', '--direct', '--force')
      await visitor.begin()
      await visitor.signIn(kim)
      await visitor.on('Sign in', 'login-suspended')
      await visitor.told('This account is suspended')
    })

    visit('an organization that is switched off', {}, async (visitor) => {
      const { porta } = world
      await porta.cli('org', 'suspend', 'partner', '--direct', '--force')
      await eventually('the organization is switched off', async () => {
        const response = await visitor.page.goto(porta.issuer('partner') + '/account')
        return response.status() === 403
      })
      await visitor.on('Sign-in is paused', 'organization-suspended')
    })
  })

  describe('by keyboard alone', () => {
    /** Types into a field reached by Tab. */
    async function type(visitor, label, text) {
      await tabTo(visitor.page, visitor.field(label))
      await visitor.page.keyboard.type(text)
    }

    /** Presses Enter on a button reached by Tab. */
    async function enter(visitor, locator) {
      await tabTo(visitor.page, locator)
      await visitor.page.keyboard.press('Enter')
    }

    visit('a password', {}, async (visitor) => {
      const kim = world.person()
      await visitor.begin()
      await type(visitor, 'Email address', kim.email)
      await type(visitor, 'Password', 'not the password')
      await visitor.page.keyboard.press('Enter')
      await visitor.told('do not match')
      assert.ok(await visitor.field('Password').evaluate((field) => field === document.activeElement), 'the focus is where the mistake is')
      await visitor.page.keyboard.type(kim.password)
      await enter(visitor, visitor.button('Sign in'))
      await visitor.arrives()
    })

    visit('a magic link, here and with its code', {}, async (visitor) => {
      const kim = world.person()
      await visitor.begin()
      await type(visitor, 'Email address', kim.email)
      await enter(visitor, visitor.button('Send me a sign-in link'))
      await visitor.on('Check your email')
      const { link } = await world.relay.mailFor(kim.email)
      await visitor.page.goto(link)
      await enter(visitor, visitor.button('Sign in'))
      await visitor.arrives()

      await visitor.begin({ prompt: 'login' })
      await type(visitor, 'Email address', kim.email)
      await enter(visitor, visitor.button('Send me a sign-in link'))
      const { code } = await world.relay.mailFor(kim.email)
      await type(visitor, 'Code', code)
      await visitor.page.keyboard.press('Enter')
      await visitor.arrives()
    })

    visit('an authenticator app', { at: 'by-app' }, async (visitor) => {
      const kim = world.person('by-app')
      const signIn = async () => {
        await type(visitor, 'Email address', kim.email)
        await type(visitor, 'Password', kim.password)
        await visitor.page.keyboard.press('Enter')
      }
      await visitor.begin()
      await signIn()
      await visitor.on('Set up your authenticator app')
      const key = await visitor.page.locator('.secret-key').innerText()
      await type(visitor, 'Code', totp(key))
      await enter(visitor, visitor.button('Confirm'))
      await enter(visitor, visitor.button('I have saved them'))
      await visitor.arrives()
      await visitor.begin({ prompt: 'login' })
      await signIn()
      await visitor.on('Confirm that it is you')
      await type(visitor, 'Code', totp(key, 1))
      await visitor.page.keyboard.press('Enter')
      await visitor.arrives()
    })

    visit('the account', {}, async (visitor) => {
      await visitor.open('/account')
      await visitor.signIn(world.person())
      await enter(visitor, visitor.link('Second step'))
      await enter(visitor, visitor.page.locator('button[value=enable]').first())
      await enter(visitor, visitor.button('Cancel'))
      await visitor.on('Second step')
      await enter(visitor, visitor.link('Sign out'))
      await enter(visitor, visitor.button('Sign out'))
      await visitor.on('You are signed out')
    })
  })

  describe('in eight languages', { concurrency: 2 }, () => {
    for (const language of LANGUAGES) {
      const expected = { language, direction: language === 'ar' ? 'rtl' : 'ltr' }

      visit(`${language}: as the browser says, and as the request says`, { locale: language }, async (visitor) => {
        await visitor.begin()
        await examine(visitor.page, `login-${language}`, expected)
        const title = await visitor.page.title()
        await visitor.page.fill('#email', 'nobody@people.example.test')
        await visitor.page.fill('#password', 'not the password')
        await visitor.page.press('#password', 'Enter')
        await visitor.page.waitForSelector('#flash')
        await assertAccessible(visitor.page, `${language}: a wrong password`)
        // ui_locales, which the application sends, precedes Accept-Language.
        const other = language === 'de' ? 'fr' : 'de'
        await visitor.begin({ ui_locales: `xx ${other}-AT` })
        assert.equal(await visitor.page.getAttribute('html', 'lang'), other)
        assert.notEqual(await visitor.page.title(), title)
      })
    }

    visit('a whole sign-in from right to left, mail included', { locale: 'ar' }, async (visitor) => {
      const kim = world.person()
      const expected = { language: 'ar', direction: 'rtl' }
      await visitor.begin()
      await visitor.page.fill('#email', kim.email)
      await visitor.page.click('#magic-link-btn')
      await visitor.page.waitForSelector('#code')
      await examine(visitor.page, 'rtl-magic-link-sent', expected)
      const { link, html } = await world.relay.mailFor(kim.email)
      assert.match(html, /<html lang="ar" dir="rtl"/)
      await visitor.page.goto(link)
      await examine(visitor.page, 'rtl-magic-link-landing', expected)
      await visitor.page.click('button')
      await visitor.arrives()
      await visitor.open('/account/two-factor')
      await examine(visitor.page, 'rtl-account-two-factor', expected)
      await visitor.page.locator('button[value=enable]').first().click()
      await visitor.page.waitForSelector('.qr')
      await examine(visitor.page, 'rtl-account-totp-setup', expected)
    })
  })
})

describe('while no mail can be sent', () => {
  visit('asking for a link answers at once, and the mail comes later', {}, async (visitor) => {
    const kim = world.person()
    await visitor.begin()
    await visitor.fill({ 'Email address': kim.email })
    await world.relay.down()
    const failures = () => world.porta.logged.split('email.send.failed').length
    const before = failures()
    try {
      const began = performance.now()
      await visitor.press('Send me a sign-in link')
      await visitor.on('Check your email')
      assert.ok(performance.now() - began < 3000, 'nobody waits for the mail')
      await eventually('the server tried in vain', () => failures() > before, { seconds: 20 })
      // Meanwhile other ways to sign in work.
      await Visitor.walk(world, browser, { rp: world.rp() }, async (other) => {
        await other.begin()
        await other.signIn(world.person())
        await other.arrives()
      })
    } finally {
      await world.relay.up()
    }
    const { link } = await world.relay.mailFor(kim.email, /sign-in link/)
    await visitor.page.goto(link)
    await visitor.press('Sign in')
    await visitor.arrives()
  })
})

// Runs alone and last, because it moves the clock of the whole server and does not set it back.
describe('a minute later', () => {
  visit('a sign-in that took too long has expired, and so have links', { at: 'strict' }, async (visitor) => {
    const kim = world.person('strict')
    await world.porta.cli('config', 'set', 'interaction_ttl', '60', '--direct')
    // A setting reaches every instance within a second.
    await sleep(1100)
    await askForLink(visitor, kim)
    const address = visitor.page.url()
    const magic = await world.relay.mailFor(kim.email, /sign-in link/)
    await askForReset(visitor, kim)
    const reset = await world.relay.mailFor(kim.email, /new password/)
    await world.porta.cli('config', 'unset', 'interaction_ttl', '--direct')
    clock.set(MINUTE_S)
    await refused(visitor, await visitor.page.goto(magic.link), 400, 'This link has expired', 'link-expired')
    await refused(visitor, await visitor.page.goto(reset.link), 400, 'This link has expired', 'reset-expired')
    await visitor.press('Try again')
    await visitor.on('Forgotten your password?')
    await refused(visitor, await visitor.page.goto(address), 400, 'This sign-in was left open too long', 'interaction-expired')
  })
})
