// Every sign-in and recovery path: from a relying party through pages and emails to its ID token, with JavaScript and
// without. Each page on the way is examined (lib/examine.mjs).

import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { launch } from './lib/browser.mjs'
import { totp } from './lib/totp.mjs'
import { IS_LOSSY, Visitor, habitsTest, walkTest } from './lib/visitor.mjs'
import { NEW_PASSWORD, World } from './lib/world.mjs'

let browser
let world

before(async () => {
  browser = await launch()
  world = await World.start('journeys', { ways: 24, 'by-mail': 4, 'by-app': 6, 'by-any': 4, 'by-hand': 4 }, {}, [], { isLossy: IS_LOSSY })
})
after(async () => {
  await browser?.close()
  await world?.end()
})

function journey(name, options, walk) {
  walkTest(name, (how) => {
    const rp = options.rp ? options.rp() : world.rp(options.at)
    return Visitor.walk(world, browser, { ...how, rp }, (visitor) => walk(visitor, world.person(options.at ?? 'ways')))
  })
}

describe('a password', { concurrency: 2 }, () => {
  journey('signs in, after one that was wrong', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.on('Sign in', 'login')
    await visitor.signIn(kim, 'not the password')
    await visitor.on('Sign in', 'login-wrong')
    await visitor.told('do not match', async () => {
      assert.equal(await visitor.field('Email address').inputValue(), kim.email)
      assert.equal(await visitor.field('Password').inputValue(), '')
    })
    await visitor.signIn(kim)
    const claims = await visitor.arrives()
    assert.deepEqual(claims.amr, ['pwd'])
    assert.equal(claims.email, kim.email)
    await world.assertRecorded(kim, { 'user.login.password.failed': 1, 'user.login.password': 1 })
  })
})

describe('a temporary password', { concurrency: 2 }, () => {
  journey('is replaced before the application learns anything', { at: 'by-hand' }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.on('Choose your own password', 'temporary-password')
    const choose = async (password, again = password) => {
      await visitor.fill({ 'New password': password, 'Repeat the new password': again })
      await visitor.press('Save the password')
    }
    await choose(kim.password)
    await visitor.on('Choose your own password', 'temporary-password-unchanged')
    await visitor.told('That is your current password')
    await choose(NEW_PASSWORD, `${NEW_PASSWORD}!`)
    await visitor.on('Choose your own password', 'temporary-password-mismatch')
    await visitor.told('are not the same')
    await choose(NEW_PASSWORD)
    const claims = await visitor.arrives()
    assert.deepEqual(claims.amr, ['pwd'])
    assert.match((await world.relay.mailFor(kim.email)).subject, /was changed/)
    await world.assertRecorded(kim, {
      'user.password.change.required': 1, 'user.password.changed': 1, 'user.login.password': 1,
    })
  })

  journey('is asked for again after somebody left, and a mailed link leaves it', { at: 'by-hand' }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.on('Choose your own password')
    await visitor.begin()
    await visitor.fill({ 'Email address': kim.email })
    await visitor.press('Send me a sign-in link')
    const { link } = await visitor.mailFor(kim)
    await visitor.page.goto(link)
    await visitor.press('Sign in')
    assert.deepEqual((await visitor.arrives()).amr, ['otp'])
    await visitor.begin({ prompt: 'login' })
    await visitor.signIn(kim)
    await visitor.on('Choose your own password')
    await world.assertRecorded(kim, { 'user.password.changed': 0, 'user.login.magic_link': 1 })
  })
})

describe('a magic link', { concurrency: 2 }, () => {
  journey('signs in, in the browser that asked for it', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.fill({ 'Email address': kim.email })
    await visitor.press('Send me a sign-in link')
    await visitor.on('Check your email', 'magic-link-sent')
    const { link, code } = await visitor.mailFor(kim, /sign-in link for Many Ways/)
    assert.match(code, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    await visitor.page.goto(link)
    await visitor.on('Finish signing in', 'magic-link-landing')
    await visitor.press('Sign in')
    const claims = await visitor.arrives()
    assert.deepEqual(claims.amr, ['otp'])
    assert.equal(claims.email_verified, true, 'the mail arrived')

    await visitor.page.goto(link)
    assert.doesNotMatch(await visitor.page.textContent('body'), /Finish signing in/, 'it is used up')
    await world.assertRecorded(kim, { 'user.magic_link.sent': 1, 'user.login.magic_link': 1, 'user.email.verified': 1 })
  })

  journey('opened on another device shows a code, which the first window takes', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.fill({ 'Email address': kim.email })
    await visitor.press('Send me a sign-in link')
    const { link, code } = await visitor.mailFor(kim)
    await Visitor.walk(world, browser, { javaScript: visitor.javaScript }, async (phone) => {
      await phone.page.goto(link)
      await phone.on('Finish in your first window', 'magic-link-other-device')
      assert.equal(await phone.page.locator('.big-code').innerText(), code)
      assert.equal(await phone.page.locator('form, button').count(), 0, 'nothing can be done here')
      assert.equal((await phone.context.cookies()).length, 0)
    })
    await visitor.fill({ Code: 'ABCD-EFGH' })
    await visitor.press('Sign in')
    await visitor.on('Check your email', 'magic-link-wrong-code')
    await visitor.told('That code is not right')
    await visitor.fill({ Code: code.toLowerCase().replace('-', ' ') })
    await visitor.press('Sign in')
    assert.equal((await visitor.arrives()).email, kim.email)
    await world.assertRecorded(kim, { 'user.magic_link.sent': 1, 'user.login.magic_link': 1 })
  })

  journey('is asked for again, or another way is taken', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.fill({ 'Email address': kim.email })
    await visitor.press('Send me a sign-in link')
    const first = await visitor.mailFor(kim)
    await visitor.press('Send it again')
    await visitor.told('we have sent the link again')
    const second = await visitor.mailFor(kim)
    await visitor.page.goto(first.link)
    await visitor.on('This link does not work here', 'link-replaced')
    await visitor.press('Try again')
    await visitor.on('Sign in')
    await visitor.page.goto(second.link)
    await visitor.on('Finish signing in')
    await visitor.page.goBack()
    await visitor.signIn(kim)
    await visitor.arrives()
    await world.assertRecorded(kim, { 'user.magic_link.sent': 2, 'user.login.password': 1 })
  })
})

describe('a forgotten password', { concurrency: 2 }, () => {
  journey('is set anew, and the way leads back to the sign-in', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.press('Forgotten your password?')
    await visitor.on('Forgotten your password?', 'forgot-password')
    await visitor.fill({ 'Email address': kim.email })
    await visitor.press('Send me the link')
    await visitor.on('Check your email', 'forgot-password-sent')
    const { link } = await visitor.mailFor(kim, /Set a new password/)
    await visitor.page.goto(link)
    await visitor.on('Set a new password', 'reset-password')
    const choose = async (password, again = password) => {
      await visitor.fill({ 'New password': password, 'Repeat the new password': again })
      await visitor.press('Save the password')
    }
    await choose('password1')
    await visitor.on('Set a new password', 'reset-password-common')
    await visitor.told('Many people use that password')
    await choose(NEW_PASSWORD, `${NEW_PASSWORD}!`)
    await visitor.on('Set a new password', 'reset-password-mismatch')
    await visitor.told('are not the same')
    await choose(NEW_PASSWORD)
    await visitor.on('Your password is changed', 'reset-success')
    assert.match((await world.relay.mailFor(kim.email)).subject, /was changed/)
    await visitor.press('Go to sign-in')
    await visitor.signIn(kim)
    await visitor.told('do not match')
    await visitor.signIn(kim, NEW_PASSWORD)
    await visitor.arrives()

    await visitor.page.goto(link)
    await visitor.on('This link was used already', 'reset-used')
    await visitor.press('Try again')
    await visitor.on('Forgotten your password?')
    await world.assertRecorded(kim, {
      'user.password_reset.requested': 1, 'user.password_reset.completed': 1, 'user.login.password.failed': 1,
      'user.login.password': 1,
    })
  })
})

describe('an invitation', { concurrency: 2 }, () => {
  walkTest('gives an account with the roles and claims it promised', async (how) => {
    const email = `invited.${how.javaScript}@people.example.test`
    await world.porta.cli(
      'user', 'invite', email, '--org', 'ways', '--given-name', 'Eve', '--inviter', 'Kim Example',
      '--message', 'Welcome <aboard>,\nsee you on Monday', '--role', 'planner:planner',
      '--claim', 'planner:terminal_code="T4"', '--direct',
    )
    await Visitor.walk(world, browser, { ...how, rp: world.rp() }, async (visitor) => {
      const { link, text, html } = await world.relay.mailFor(email, /Invitation to Many Ways/)
      assert.ok(text.includes('Welcome <aboard>') && !html.includes('<aboard>'), 'words stay words')
      await visitor.page.goto(link)
      await visitor.on('Welcome', 'accept-invite')
      const page = await visitor.page.innerText('main')
      for (const said of ['Kim Example', 'Many Ways', email, 'Welcome <aboard>,', 'see you on Monday']) {
        assert.ok(page.includes(said), `${said}: ${page}`)
      }
      await visitor.fill({ 'New password': 'short', 'Repeat the new password': 'short' })
      await visitor.press('Accept the invitation')
      await visitor.on('Welcome', 'accept-invite-short')
      await visitor.told('That is too short')
      await visitor.fill({ 'New password': NEW_PASSWORD, 'Repeat the new password': NEW_PASSWORD })
      await visitor.press('Accept the invitation')
      await visitor.on('Your account is ready', 'invite-success')
      const welcome = await world.relay.mailFor(email, /Welcome to Many Ways/)
      assert.equal(welcome.link, visitor.url('/account'))

      await visitor.begin()
      await visitor.signIn({ email }, NEW_PASSWORD)
      const claims = await visitor.arrives()
      assert.deepEqual(visitor.idToken.roles, ['planner'])
      assert.equal(visitor.idToken.terminal_code, 'T4')
      assert.equal(claims.given_name, 'Eve')
      assert.equal(claims.email_verified, true)

      await visitor.page.goto(link)
      await visitor.on('This invitation is over', 'invite-expired')
      await world.assertRecorded({ email }, { 'user.invite.accepted': 1, 'user.email.verified': 1, 'user.login.password': 1 })
    })
  })
})

describe('a second step', { concurrency: 2 }, () => {
  /** Sets up a required authenticator app, with a wrong code first; returns the key. */
  async function enrolApp(visitor) {
    await visitor.on('Set up your authenticator app', 'totp-setup')
    assert.equal(await visitor.page.locator('.qr svg path').count(), 1, 'the picture is inline')
    const key = await visitor.page.locator('.secret-key').innerText()
    await visitor.fill({ Code: '000000' })
    await visitor.press('Confirm')
    await visitor.on('Set up your authenticator app', 'totp-setup-wrong')
    await visitor.told('That code is not right')
    assert.equal(await visitor.page.locator('.secret-key').innerText(), key, 'it is the same key')
    await visitor.fill({ Code: totp(key) })
    await visitor.press('Confirm')
    return key
  }

  /** Downloads the recovery codes and returns them. */
  async function keepCodes(visitor) {
    await visitor.on('Recovery codes', 'recovery-codes')
    const codes = await visitor.page.locator('.code-list li').allInnerTexts()
    assert.equal(new Set(codes).size, 10)
    const [file] = await Promise.all([visitor.page.waitForEvent('download'), visitor.link('Download as a text file').click()])
    assert.equal(file.suggestedFilename(), 'recovery-codes.txt')
    await visitor.press('I have saved them')
    return codes
  }

  /** The same person once more, in another browser. */
  const again = ({ javaScript, rp, habit }, walk) => Visitor.walk(world, browser, { javaScript, rp, habit }, walk)

  journey('required_totp: an app is set up and asked from then on; a recovery code stands in', { at: 'by-app' }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    const key = await enrolApp(visitor)
    const codes = await keepCodes(visitor)
    assert.deepEqual((await visitor.arrives()).amr, ['pwd', 'otp', 'mfa'])

    await again(visitor, async (other) => {
      await other.begin()
      await other.signIn(kim)
      await other.on('Confirm that it is you', 'totp-verify')
      await other.fill({ Code: totp(key, 3) })
      await other.press('Continue')
      await other.on('Confirm that it is you', 'totp-verify-wrong')
      await other.told('That code is not right')
      // A code works once, and the setup used the present one, so this is the next (see totp).
      await other.fill({ Code: totp(key, 1) })
      await other.press('Continue')
      assert.deepEqual((await other.arrives()).amr, ['pwd', 'otp', 'mfa'])
    })

    await again(visitor, async (other) => {
      await other.begin()
      await other.signIn(kim)
      await other.press('Use a recovery code')
      await other.on('Use a recovery code', 'recovery-verify')
      await other.press('Use the usual code')
      await other.on('Confirm that it is you')
      await other.press('Use a recovery code')
      await other.fill({ 'Recovery code': codes[3].toLowerCase() })
      await other.press('Continue')
      await other.arrives()
    })

    await again(visitor, async (other) => {
      await other.begin()
      await other.signIn(kim)
      await other.press('Use a recovery code')
      await other.fill({ 'Recovery code': codes[3] })
      await other.press('Continue')
      await other.told('That code is not right')
      await other.press('Cancel')
      await other.page.waitForSelector('#arrived')
      assert.match(other.site.visits.at(-1).url, /error=access_denied/)
    })
    await world.assertRecorded(kim, {
      '2fa.setup.totp.failed': 1, '2fa.setup.totp': 1, '2fa.verify.failed': 2, '2fa.verify.success': 2, '2fa.recovery.used': 1,
    })
  })

  journey('required_email: a code comes by mail', { at: 'by-mail' }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.on('Set up codes by email', 'email-setup')
    const first = await world.relay.mailFor(kim.email, /Your code/)
    await visitor.press('Send it again')
    await visitor.told('We have sent it again')
    const second = await world.relay.mailFor(kim.email, /Your code/)
    await visitor.fill({ Code: second.code })
    await visitor.press('Confirm')
    assert.notEqual(first.code, second.code)
    await keepCodes(visitor)
    assert.deepEqual((await visitor.arrives()).amr, ['pwd', 'otp', 'mfa'])
    assert.match((await world.relay.mailFor(kim.email)).subject, /second step/)

    await again(visitor, async (other) => {
      await other.begin()
      await other.signIn(kim)
      await other.on('Confirm that it is you', 'email-verify')
      const { code } = await world.relay.mailFor(kim.email, /Your code/)
      await other.fill({ Code: code === '000000' ? '111111' : '000000' })
      await other.press('Continue')
      await other.on('Confirm that it is you', 'email-verify-wrong')
      await other.fill({ Code: code })
      await other.press('Continue')
      await other.arrives()
    })
    await world.assertRecorded(kim, {
      '2fa.otp.resent': 1, '2fa.setup.email': 1, '2fa.verify.failed': 1, '2fa.verify.success': 1,
    })
  })

  journey('required_any: people choose, and may choose anew', { at: 'by-any' }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.on('Set up a second step', 'factor-choice')
    await visitor.page.getByRole('button', { name: 'Code by email' }).click()
    await visitor.on('Set up codes by email', 'email-setup-choice')
    await visitor.press('Choose another way')
    await visitor.page.getByRole('button', { name: 'Authenticator app' }).click()
    await enrolApp(visitor)
    await keepCodes(visitor)
    assert.deepEqual((await visitor.arrives()).amr, ['pwd', 'otp', 'mfa'])
    await world.assertRecorded(kim, { '2fa.setup.totp.failed': 1, '2fa.setup.totp': 1, '2fa.setup.email': 0 })
  })

  journey('optional: nobody is asked for one they do not have', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    assert.deepEqual((await visitor.arrives()).amr, ['pwd'])
  })

  journey('comes after a magic link as well', { at: 'by-app' }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.fill({ 'Email address': kim.email })
    await visitor.press('Send me a sign-in link')
    const { link } = await visitor.mailFor(kim)
    await visitor.page.goto(link)
    await visitor.press('Sign in')
    await enrolApp(visitor)
    await keepCodes(visitor)
    assert.deepEqual((await visitor.arrives()).amr, ['otp', 'mfa'])
    await world.assertRecorded(kim, { 'user.magic_link.sent': 1, '2fa.setup.totp.failed': 1, '2fa.setup.totp': 1 })
  })
})

describe('consent and logout', { concurrency: 2 }, () => {
  journey('a third party is allowed, and then is not asked about again', { rp: () => world.thirdParty() }, async (visitor, kim) => {
    await visitor.begin({ scope: 'openid profile email offline_access', prompt: 'consent' })
    await visitor.signIn(kim)
    await visitor.on('Allow access?', 'consent')
    const text = await visitor.page.textContent('main')
    for (const said of ['Harbour Charts', 'Partner Company', kim.email, 'See your email address']) {
      assert.ok(text.includes(said), `${said}: ${text}`)
    }
    await visitor.press('Allow')
    assert.equal((await visitor.arrives()).email, kim.email)
    assert.ok(visitor.tokens.refresh_token)
    await visitor.begin()
    await visitor.arrives()
    await world.assertRecorded(kim, { 'user.login.password': 1, 'user.consent.granted': 1 })
  })

  journey('a third party is turned away', { rp: () => world.thirdParty() }, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.press('Do not allow')
    await visitor.page.waitForSelector('#arrived')
    assert.match(visitor.site.visits.at(-1).url, /error=access_denied/)
    await world.assertRecorded(kim, { 'user.consent.denied': 1, 'user.consent.granted': 0 })
  })

  journey('a session ends at the application\'s wish and at one\'s own', {}, async (visitor, kim) => {
    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.arrives()
    const { end_session_endpoint: end } = await visitor.rp.metadata()
    const to = encodeURIComponent(visitor.rp.client.postLogoutRedirectUri)
    await visitor.page.goto(`${end}?id_token_hint=${visitor.tokens.id_token}&post_logout_redirect_uri=${to}&state=bye`)
    await visitor.on('Sign out?', 'logout')
    await visitor.press('Sign out')
    await visitor.page.waitForSelector('#arrived')
    assert.equal(visitor.site.visits.at(-1).url, `${visitor.rp.client.postLogoutRedirectUri}?state=bye`)

    await visitor.begin()
    await visitor.signIn(kim)
    await visitor.arrives()
    await visitor.page.goto(end)
    await visitor.press('Sign out')
    await visitor.on('You are signed out', 'logout-success')
    await visitor.begin()
    await visitor.on('Sign in')
    await world.assertRecorded(kim, { 'user.login.password': 2, 'user.logout': 2 })
  })

  journey('cancelling goes back with access_denied', {}, async (visitor) => {
    await visitor.begin()
    await visitor.press('Cancel')
    await visitor.page.waitForSelector('#arrived')
    assert.match(visitor.site.visits.at(-1).url, /error=access_denied/)
  })

  journey('form_post comes back by itself, or by a button', {}, async (visitor, kim) => {
    await visitor.begin({ response_mode: 'form_post' })
    await visitor.signIn(kim)
    if (!visitor.javaScript) await visitor.press('Continue')
    await visitor.page.waitForSelector('#arrived')
    assert.equal(visitor.site.visits.at(-1).method, 'POST')
  })
})

habitsTest(() => world)
