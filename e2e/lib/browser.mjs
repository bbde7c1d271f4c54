// Debian's Chromium without a window, driven by Playwright. Nothing is downloaded; every launch has a profile of its own.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { RESULTS } from './porta.mjs'

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    headless: true,
    args: ARGS,
  })
}

/** A fresh profile; `problems` collects what a page did wrong (script errors, refused resources, failed requests). */
export async function profile(browser, { javaScript = true, ...options } = {}) {
  const context = await browser.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width: 1100, height: 800 },
    locale: 'en-GB',
    ...options,
  })
  const page = await context.newPage()
  const problems = []
  page.on('pageerror', (error) => problems.push(`script error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`)
  })
  page.on('requestfailed', (failed) => problems.push(`failed: ${failed.url()} ${failed.failure()?.errorText}`))
  page.on('response', (response) => {
    if (response.status() >= 500) problems.push(`answered ${response.status()}: ${response.url()}`)
  })
  return { context, page, problems }
}

export async function screenshot(page, name) {
  const dir = join(RESULTS, 'screenshots')
  mkdirSync(dir, { recursive: true })
  const path = join(dir, `${name}.png`)
  await page.screenshot({ path, fullPage: true })
  return path
}

/** What a page may not do: break a script, meet its own policy, or make the server fail. */
export function assertClean(problems) {
  const bad = problems.filter((text) => /script error|content security policy|refused to|answered 5/i.test(text))
  assert.deepEqual(bad, [])
}

/** A relying party that exists only in this browser: it has a link to follow and remembers who came back. */
export async function relyingParty(context, origin, link) {
  const site = { link, visits: [] }
  await context.route(`${origin}/**`, async (route) => {
    const asked = route.request()
    if (asked.url() === `${origin}/start`) {
      return route.fulfill({ contentType: 'text/html', body: `<a id="go" href="${site.link.replaceAll('&', '&amp;')}">go</a>` })
    }
    if (new URL(asked.url()).pathname === '/favicon.ico') return route.fulfill({ status: 204 })
    site.visits.push({ method: asked.method(), url: asked.url(), body: asked.postData() })
    return route.fulfill({ contentType: 'text/html', body: '<h1 id="arrived">back</h1>' })
  })
  return site
}
