// Debian's headless Chromium, driven by Playwright. Nothing is downloaded; every launch has its own profile.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { RESULTS } from './porta.mjs'

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** A browser that resolves relying parties, `*.example.test`, to this machine. */
export async function launch() {
  const port = await relyingParties()
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    headless: true,
    args: [...ARGS, `--host-resolver-rules=MAP *.example.test 127.0.0.1:${port}`],
  })
}

/** Starts one server for all relying parties, which answers every request with "back"; returns its port. */
async function relyingParties() {
  const directory = mkdtempSync(join(tmpdir(), 'porta-rp-'))
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name))
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', '/CN=example.test', '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    request.resume()
    const isIcon = request.url === '/favicon.ico'
    response.writeHead(isIcon ? 204 : 200, { 'content-type': 'text/html' }).end(isIcon ? '' : '<h1 id="arrived">back</h1>')
  })
  rmSync(directory, { recursive: true })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  server.unref()
  return server.address().port
}

/** A fresh profile; `problems` collects script errors, console errors, failed requests and 5xx responses. */
export async function profile(browser, { javaScript = true, ...options } = {}) {
  const context = await browser.newContext({
    javaScriptEnabled: javaScript,
    viewport: { width: 1100, height: 800 },
    locale: 'en-GB',
    ignoreHTTPSErrors: true,
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

/** No script error, no violation of the content security policy, no 5xx response. */
export function assertClean(problems) {
  const bad = problems.filter((text) => /script error|content security policy|refused to|answered 5/i.test(text))
  assert.deepEqual(bad, [])
}

/** A relying party for this browser: its start page has a link to follow, and `visits` records the callbacks. */
export async function relyingParty(context, origin, link) {
  const site = { link, visits: [] }
  const start = `${origin}/start`
  await context.route(start, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a id="go" href="${site.link.replaceAll('&', '&amp;')}">go</a>` }))
  context.on('request', (asked) => {
    if (asked.isNavigationRequest() && asked.url().startsWith(`${origin}/`) && asked.url() !== start) {
      site.visits.push({ method: asked.method(), url: asked.url(), body: asked.postData() })
    }
  })
  return site
}
