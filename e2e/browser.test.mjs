// Debian's Chromium signs in at the demo application of `porta dev` and on a server's pages, with JavaScript and
// without. Screenshots go to test-results/.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { assertClean, launch, profile, relyingParty, screenshot } from './lib/browser.mjs'
import { client, user } from './lib/fixtures.mjs'
import { Porta, eventually, freePort } from './lib/porta.mjs'
import { Rp } from './lib/rp.mjs'

let browser

before(async () => {
  browser = await launch()
})
after(() => browser?.close())

const variants = [['with JavaScript', true], ['without JavaScript', false]]

describe('porta dev', () => {
  let porta
  let demo
  let person

  before(async () => {
    const demoPort = await freePort()
    demo = `http://localhost:${demoPort}`
    porta = await Porta.start({
      name: 'dev',
      args: ['dev'],
      fixtures: false,
      env: { PORTA_DEMO_PORT: String(demoPort), ISSUER_BASE_URL: undefined, NODE_ENV: undefined, HOST: undefined },
    })
    const [, email, password] = await eventually('the demo user is printed', () =>
      /^\s*user: (\S+) \/ (\S+)\s*$/m.exec(porta.output),
    )
    person = { email, password }
  })
  after(() => porta?.end())

  for (const [how, javaScript] of variants) {
    test(`signs in at the demo application ${how}`, async () => {
      const shot = (page, name) => screenshot(page, `dev-${javaScript ? 'js' : 'nojs'}-${name}`)
      const { context, page, problems } = await profile(browser, { javaScript })
      try {
        await page.goto(demo)
        await shot(page, '1-demo')
        await page.click('#sign-in')

        await page.waitForURL(`${porta.base}/demo/interaction/**`)
        assert.equal(await page.getByLabel(/mail/i).getAttribute('name'), 'email', 'the e-mail field has a label')
        assert.equal(await page.getByLabel(/password/i).first().getAttribute('name'), 'password')
        await shot(page, '2-login')

        await page.fill('#email', person.email)
        await page.fill('#password', 'not the password')
        await page.press('#password', 'Enter')
        await page.waitForSelector('.flash-error')
        assert.equal(await page.inputValue('#email'), person.email, 'the address is still there')
        assert.equal(await page.inputValue('#password'), '', 'the password is not')
        await shot(page, '3-wrong-password')

        await page.fill('#password', person.password)
        await page.click('button[type="submit"]')
        await page.waitForSelector('#id-token-claims')
        assert.ok(page.url().startsWith(demo), page.url())
        const claims = await page.textContent('#id-token-claims')
        const info = await page.textContent('#userinfo')
        assert.ok(claims.includes(`${porta.base}/demo`), `the issuer is among the claims: ${claims}`)
        assert.ok(info.includes(person.email), `UserInfo has the address: ${info}`)
        await shot(page, '4-signed-in')

        await page.click('#sign-out')
        const form = page.locator('[id="op.logoutForm"]')
        await form.waitFor()
        await shot(page, '5-logout')
        await form.locator('button[type="submit"], input[type="submit"]').first().click()
        await page.waitForSelector('#sign-in')
        assert.ok(page.url().startsWith(demo), page.url())
        await shot(page, '6-signed-out')

        await page.click('#sign-in')
        await page.waitForSelector('#password')
        assert.ok(page.url().startsWith(`${porta.base}/demo/interaction/`), 'signed out means the password is asked again')
        assertClean(problems)
      } finally {
        await context.close()
      }
    })
  }

  test('an open session signs in a second time without a page', async () => {
    const { context, page, problems } = await profile(browser)
    try {
      await page.goto(demo)
      await page.click('#sign-in')
      await page.fill('#email', person.email)
      await page.fill('#password', person.password)
      await page.press('#password', 'Enter')
      await page.waitForSelector('#id-token-claims')
      await context.clearCookies({ name: /.*/, path: '/' })
      await page.goto(demo)
      await page.click('#sign-in')
      await page.waitForSelector('#id-token-claims')
      assertClean(problems)
    } finally {
      await context.close()
    }
  })

  test('the mailbox is a page', async () => {
    const { context, page, problems } = await profile(browser)
    try {
      const response = await page.goto(`${demo}/mailbox`)
      assert.equal(response.status(), 200)
      await screenshot(page, 'dev-mailbox')
      assertClean(problems)
    } finally {
      await context.close()
    }
  })
})

describe('the pages of a server', () => {
  const RP = 'https://rp.example.test'
  const ada = user('ada')
  let porta

  before(async () => {
    porta = await Porta.start({ name: 'pages' })
  })
  after(() => porta?.end())

  async function signIn(page) {
    await page.goto(`${RP}/start`)
    await page.click('#go')
    await page.fill('#email', ada.email)
    await page.fill('#password', ada.password)
    await page.press('#password', 'Enter')
  }

  for (const [how, javaScript] of variants) {
    const tag = javaScript ? 'js' : 'nojs'

    test(`a third party is consented to ${how}`, async () => {
      const rp = new Rp(porta.issuer(), { ...client('e2e-third-party'), organization: 'demo' })
      // Consent is remembered, so the second run needs prompt=consent to get the page.
      const flow = await rp.authorization({ scope: 'openid profile email', prompt: 'consent' })
      const { context, page, problems } = await profile(browser, { javaScript })
      try {
        const { visits } = await relyingParty(context, RP, flow.url)
        await signIn(page)
        const approve = page.locator('[name="decision"][value="approve"]')
        await approve.first().waitFor({ state: 'attached' })
        assert.ok((await page.textContent('body')).includes(rp.client.name), 'the page names who asks')
        await screenshot(page, `consent-${tag}`)
        await page
          .locator('button[name="decision"][value="approve"], form:has(input[name="decision"][value="approve"]) button')
          .first()
          .click()
        await page.waitForSelector('#arrived')
        const back = new URL(visits.at(-1).url)
        assert.equal(back.searchParams.get('state'), flow.state)
        const tokens = await rp.tokens({ ...flow, code: back.searchParams.get('code') })
        await rp.verifyIdToken(tokens.id_token, { nonce: flow.nonce })
        assertClean(problems)
      } finally {
        await context.close()
      }
    })

    test(`form_post comes back as a POST ${how}`, async () => {
      const rp = new Rp(porta.issuer(), 'e2e-es256')
      const flow = await rp.authorization({ response_mode: 'form_post' })
      const { context, page, problems } = await profile(browser, { javaScript })
      try {
        const { visits } = await relyingParty(context, RP, flow.url)
        await signIn(page)
        if (!javaScript) {
          const button = page.locator('form button, form input[type="submit"]').first()
          await button.waitFor()
          await screenshot(page, 'form-post-nojs')
          await button.click()
        }
        await page.waitForSelector('#arrived')
        const { method, url, body } = visits.at(-1)
        assert.equal(method, 'POST')
        assert.equal(url, rp.client.redirectUri)
        const answer = new URLSearchParams(body)
        assert.equal(answer.get('state'), flow.state)
        assert.equal(answer.get('iss'), porta.issuer())
        await rp.tokens({ ...flow, code: answer.get('code') })
        assertClean(problems)
      } finally {
        await context.close()
      }
    })

    test(`cancelling goes back with access_denied ${how}`, async () => {
      const rp = new Rp(porta.issuer(), 'e2e-es256')
      const flow = await rp.authorization()
      const { context, page, problems } = await profile(browser, { javaScript })
      try {
        const { visits } = await relyingParty(context, RP, flow.url)
        await page.goto(`${RP}/start`)
        await page.click('#go')
        await page.waitForSelector('#password')
        await page.locator('form[action$="/abort"] button, form[action$="/abort"] input[type="submit"]').first().click()
        await page.waitForSelector('#arrived')
        const back = new URL(visits.at(-1).url)
        assert.equal(back.searchParams.get('error'), 'access_denied')
        assert.equal(back.searchParams.get('state'), flow.state)
        assertClean(problems)
      } finally {
        await context.close()
      }
    })

    test(`a link that came back too late is explained ${how}`, async () => {
      const rp = new Rp(porta.issuer(), 'e2e-es256')
      const flow = await rp.authorization()
      const { context, page, problems } = await profile(browser, { javaScript })
      try {
        await relyingParty(context, RP, flow.url)
        await page.goto(`${RP}/start`)
        await page.click('#go')
        await page.waitForSelector('#password')
        const address = page.url()
        await context.clearCookies()
        const response = await page.goto(address)
        assert.equal(response.status(), 400)
        assert.ok((await page.textContent('body')).trim().length > 20)
        assert.equal(await page.locator('#password').count(), 0)
        await screenshot(page, `expired-${tag}`)
        assertClean(problems)
      } finally {
        await context.close()
      }
    })
  }
})
