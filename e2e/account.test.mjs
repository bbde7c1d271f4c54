// The account pages, with JavaScript and without: password, second step, sessions, applications, data, address, and
// re-authentication for sensitive actions.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe } from 'node:test'
import { launch } from './lib/browser.mjs'
import { Clock } from './lib/clock.mjs'
import { totp } from './lib/totp.mjs'
import { IS_LOSSY, Visitor, habitsTest, walkTest } from './lib/visitor.mjs'
import { NEW_PASSWORD, World } from './lib/world.mjs'

let browser
let clock
let world

before(async () => {
  browser = await launch()
  clock = new Clock()
  world = await World.start('account', { ways: 18, 'by-app': 2, strict: 2 }, clock.env, [], { isLossy: IS_LOSSY })
})
after(async () => {
  await browser?.close()
  await world?.end()
  clock?.end()
})

/** A walk of a person who has opened the overview of their account. */
function accountTest(name, at, walk) {
  walkTest(name, (how) => Visitor.walk(world, browser, { ...how, rp: world.rp(at) }, async (visitor) => {
    const kim = world.person(at)
    await enter(visitor, kim)
    await walk(visitor, kim)
  }))
}

async function enter(visitor, kim, password) {
  await visitor.open('/account')
  await visitor.signIn(kim, password)
}

/** The same person in another browser. */
const elsewhere = ({ javaScript, rp, habit }, walk) => Visitor.walk(world, browser, { javaScript, rp, habit }, walk)

/** The row of a list with this heading. */
const row = (visitor, heading) =>
  visitor.page.locator('.rows > li', { has: visitor.page.getByRole('heading', { level: 2, name: heading }) })

async function keepCodes(visitor) {
  await visitor.on('Recovery codes')
  const codes = await visitor.page.locator('.code-list li').allInnerTexts()
  await visitor.press('I have saved them')
  return codes
}

describe('the account', { concurrency: 2 }, () => {
  accountTest('confirms its address', 'ways', async (visitor, kim) => {
    await visitor.on('Your account', 'account-overview')
    await visitor.press('Send a confirmation mail')
    await visitor.on('Your account', 'account-overview-sent')
    await visitor.told('We have sent you a mail')
    const { link } = await world.relay.mailFor(kim.email, /Confirm your address/)
    await elsewhere(visitor, async (phone) => {
      await phone.page.goto(link)
      await phone.on('Confirm your email address', 'verify-email')
      await phone.press('Confirm')
      await phone.on('Thank you', 'email-verified')
      await phone.page.goto(link)
      await phone.on('This link was used already', 'verify-email-used')
    })
    await visitor.open('/account')
    await visitor.page.locator('.badge', { hasText: /^confirmed$/ }).waitFor()
    await world.assertRecorded(kim, { 'user.login.password': 1, 'user.email.verified': 1 })
  })

  accountTest('changes its password', 'ways', async (visitor, kim) => {
    await elsewhere(visitor, async (other) => {
      await enter(other, kim)
      await other.on('Your account')
      await visitor.press('Password')
      await visitor.on('Change password', 'account-password')
      const change = async (current, next) => {
        await visitor.fill({ 'Current password': current, 'New password': next, 'Repeat the new password': next })
        await visitor.press('Change password')
      }
      await change('not the password', NEW_PASSWORD)
      await visitor.on('Change password', 'account-password-wrong')
      await visitor.told('Your current password is not right')
      await change(kim.password, 'qwertyuiop')
      await visitor.told('Many people use that password')
      await change(kim.password, NEW_PASSWORD)
      await visitor.on('Your account', 'account-overview-changed')
      await visitor.told('Your password is changed')
      const mail = await world.relay.mailFor(kim.email, /password .* was changed/)
      assert.match(mail.text, /Chrome on Linux, address 127\./, 'the mail says from where')
      assert.equal(mail.link, visitor.url('/auth/forgot-password'), 'a way to act, for an owner who did not do this')
      await other.open('/account')
      await other.on('Sign in')
      await other.signIn(kim)
      await other.told('do not match')
      await other.signIn(kim, NEW_PASSWORD)
      await other.on('Your account')
    })
    await world.assertRecorded(kim, {
      'user.password.change.failed': 1, 'user.password.changed': 1, 'user.login.password.failed': 1, 'user.login.password': 3,
    })
  })

  accountTest('sets up, replaces and switches off a second step', 'ways', async (visitor, kim) => {
    await visitor.press('Second step')
    await visitor.on('Second step', 'account-two-factor')
    await visitor.press('Set up', row(visitor, 'Code by email'))
    await visitor.on('Set up codes by email', 'account-email-setup')
    const { code } = await world.relay.mailFor(kim.email, /Your code/)
    await visitor.fill({ Code: code })
    await visitor.press('Confirm')
    const first = await keepCodes(visitor)
    await visitor.on('Second step', 'account-two-factor-email')
    await visitor.told('The second step is set up')
    await world.relay.mailFor(kim.email, /second step/)

    // An authenticator app replaces codes by email, never the other way round.
    await visitor.press('Set up', row(visitor, 'Authenticator app'))
    await visitor.on('Set up your authenticator app', 'account-totp-setup')
    await visitor.press('Cancel')
    await row(visitor, 'Code by email').getByText('On', { exact: true }).waitFor()
    await visitor.press('Set up', row(visitor, 'Authenticator app'))
    const key = await visitor.page.locator('.secret-key').innerText()
    await visitor.fill({ Code: '000000' })
    await visitor.press('Confirm')
    await visitor.told('That code is not right')
    await visitor.fill({ Code: totp(key) })
    await visitor.press('Confirm')
    const second = await keepCodes(visitor)
    await visitor.on('Second step', 'account-two-factor-app')
    assert.equal(await row(visitor, 'Code by email').count(), 0)
    await world.relay.mailFor(kim.email, /second step/)

    await visitor.press('Make new codes')
    const third = await keepCodes(visitor)
    await visitor.told('You have new recovery codes')
    await world.relay.mailFor(kim.email, /second step/)
    assert.equal(new Set([...first, ...second, ...third]).size, 30)

    await elsewhere(visitor, async (other) => {
      await enter(other, kim)
      await other.on('Confirm that it is you')
      await other.press('Use a recovery code')
      await other.fill({ 'Recovery code': second[0] })
      await other.press('Continue')
      await other.told('That code is not right')
      await other.fill({ 'Recovery code': third[0] })
      await other.press('Continue')
      await other.on('Your account', 'account-overview-factor')
      await other.page.getByText('9 recovery codes left').waitFor()
    })

    await visitor.press('Switch off', row(visitor, 'Authenticator app'))
    await visitor.told('It is switched off')
    await world.relay.mailFor(kim.email, /second step/)
    await elsewhere(visitor, async (other) => {
      await enter(other, kim)
      await other.on('Your account')
    })
    await world.assertRecorded(kim, {
      '2fa.setup.email': 1, '2fa.setup.totp.failed': 1, '2fa.setup.totp': 1, '2fa.recovery.regenerated': 1,
      '2fa.verify.failed': 1, '2fa.recovery.used': 1, '2fa.disabled': 1,
    })
  })

  accountTest('keeps a second step that the organization asks for', 'by-app', async (visitor, kim) => {
    const key = await visitor.page.locator('.secret-key').innerText()
    await visitor.fill({ Code: totp(key) })
    await visitor.press('Confirm')
    await keepCodes(visitor)
    await visitor.press('Second step')
    await visitor.on('Second step', 'account-two-factor-required')
    assert.equal(await visitor.button('Switch off').count(), 0)
    await visitor.press('Replace')
    const next = await visitor.page.locator('.secret-key').innerText()
    assert.notEqual(next, key)
    await visitor.fill({ Code: totp(next) })
    await visitor.press('Confirm')
    await keepCodes(visitor)
    await visitor.told('The second step is set up')
    await world.assertRecorded(kim, { '2fa.setup.totp': 2 })
  })

  accountTest('ends one session, and all others', 'ways', async (visitor, kim) => {
    await elsewhere(visitor, async (second) => {
      await enter(second, kim)
      await elsewhere(visitor, async (third) => {
        await enter(third, kim)
        await visitor.press('Signed in')
        await visitor.on('Signed in', 'account-sessions')
        assert.equal(await visitor.page.locator('.rows > li').count(), 3)
        const others = visitor.page.locator('.rows > li', { has: visitor.button('End') })
        await visitor.press('End', others.first())
        await visitor.told('That session is ended')
        assert.equal(await visitor.page.locator('.rows > li').count(), 2)
        await visitor.press('Sign out everywhere else')
        await visitor.told('You are signed out everywhere else')
        assert.equal(await visitor.page.locator('.rows > li').count(), 1)
        for (const other of [second, third]) {
          await other.open('/account')
          await other.on('Sign in')
        }
      })
    })
    await visitor.press('Sign out', row(visitor, 'this one'))
    await visitor.on('Sign out?')
    await visitor.press('Sign out')
    await visitor.on('You are signed out')
    await visitor.open('/account')
    await visitor.on('Sign in')
    await world.assertRecorded(kim, { 'user.login.password': 3, 'session.revoked': 1, 'user.logout': 1 })
  })

  walkTest("withdraws an application's access", (how) =>
    Visitor.walk(world, browser, { ...how, rp: world.thirdParty() }, async (visitor) => {
      const kim = world.person()
      await visitor.begin({ scope: 'openid email offline_access', prompt: 'consent' })
      await visitor.signIn(kim)
      await visitor.press('Allow')
      await visitor.arrives()
      const { refresh_token: refreshToken } = visitor.tokens
      await visitor.open('/account/applications')
      await visitor.on('Applications', 'account-applications')
      await row(visitor, 'Harbour Charts').getByText('See your email address').waitFor()
      await visitor.press('Withdraw access', row(visitor, 'Harbour Charts'))
      await visitor.on('Applications', 'account-applications-none')
      await visitor.told('That application no longer has access')
      const refused = await visitor.rp.refresh(refreshToken)
      assert.equal(refused.json().error, 'invalid_grant', String(refused))
      await visitor.begin()
      await visitor.on('Allow access?')
      await world.assertRecorded(kim, { 'user.consent.granted': 1, 'user.consent.withdrawn': 1 })
    }))

  accountTest('hands out its data', 'ways', async (visitor, kim) => {
    await visitor.press('Your data')
    await visitor.on('Your data', 'account-data')
    const file = await visitor.download('Download')
    assert.equal(file.suggestedFilename(), 'ways-account.json')
    const text = readFileSync(await file.path(), 'utf8')
    assert.ok(JSON.stringify(JSON.parse(text)).includes(kim.email))
    assert.doesNotMatch(text, /argon2/, 'a hash is nobody\'s to have')
  })

})

// Runs alone, because it moves the clock of the whole server.
describe('the account, later', () => {
  let late = 0
  accountTest('asks for a recent sign-in before what matters', 'strict', async (visitor, kim) => {
    await visitor.on('Your account')
    clock.set((late += 11))
    await visitor.press('Signed in')
    await visitor.on('Signed in')
    await visitor.press('Password')
    await visitor.on('Sign in', 'step-up')
    await visitor.told('Please sign in again')
    assert.equal(await visitor.field('Email address').inputValue(), kim.email)
    await visitor.press('Cancel')
    await visitor.on('Your account')
    await visitor.press('Password')
    await visitor.fill({ Password: kim.password })
    await visitor.press('Sign in')
    await visitor.on('Change password')
    await world.assertRecorded(kim, { 'user.login.password': 2 })
  })
})

habitsTest(() => world)
