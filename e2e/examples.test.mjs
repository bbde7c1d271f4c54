// The programs of examples/, which the integration guides include, unchanged, against a real server.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Agent } from './lib/agent.mjs'
import { Porta, eventually, freePort, secretHex } from './lib/porta.mjs'

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url))
// Installed by scripts/setup.sh.
const PYTHON = fileURLToPath(new URL('../.test/python-examples/bin/python', import.meta.url))
const ada = { email: 'ada@people.example.test', password: 'test-password-Examples-1' }
const secrets = { web: secretHex(), api: secretHex() }
const SPA = 'https://rp.example.test/callback'
let porta
let ports

before(async () => {
  ports = { web: await freePort(), api: await freePort() }
  porta = await Porta.start({ name: 'examples', fixtures: false })
  const app = `http://localhost:${ports.web}`
  const confidential = { client_type: 'confidential', grant_types: ['authorization_code', 'refresh_token'] }
  const world = {
    version: '1.0',
    allow_passwords: true,
    organizations: [{
      name: 'Examples',
      slug: 'examples',
      default_login_methods: ['password'],
      users: [{ ...ada, email_verified: true, given_name: 'Ada' }],
      applications: [{
        name: 'Guides',
        clients: [
          {
            ...confidential, client_name: 'Web', client_id: 'web', secret: { label: 'e2e', value: secrets.web },
            redirect_uris: [`${app}/callback`], post_logout_redirect_uris: [`${app}/signed-out`],
            scope: 'openid profile email',
          },
          {
            client_name: 'Page', client_id: 'page', client_type: 'public', application_type: 'spa',
            redirect_uris: [SPA], scope: 'openid profile email',
          },
          {
            client_name: 'API', client_id: 'api', client_type: 'confidential', grant_types: ['client_credentials'],
            secret: { label: 'e2e', value: secrets.api }, scope: 'openid',
          },
        ],
      }],
    }],
  }
  const file = join(porta.store.dataDir, 'examples.json')
  writeFileSync(file, JSON.stringify(world))
  await porta.cli('provision', '-f', file, '--direct', '--create')
})
after(() => porta?.end())

/** Starts a program of examples/ and waits until it answers on its port; it runs until the test ends. */
async function program(t, [command, ...args], port, env, path) {
  const child = spawn(command, args, {
    cwd: EXAMPLES,
    env: { PATH: process.env.PATH, ISSUER: porta.issuer('examples'), PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += part))
  const ended = new Promise((end) => child.on('exit', end))
  t.after(() => {
    child.kill('SIGTERM')
    return ended
  })
  await eventually(`${args.at(-1)} answers`, async () => {
    if (child.exitCode !== null) throw Object.assign(new Error(`${args.at(-1)} ended ${child.exitCode}\n${said}`), { final: true })
    return (await fetch(`http://localhost:${port}${path}`, { redirect: 'manual' })).status > 0
  })
}

const agent = () => new Agent({ stopAt: ['https://rp.example.test/'] })

/** Opens an address, which must lead to the login page, and signs in. */
async function through(browser, url) {
  const at = await browser.open(url)
  assert.ok(at.isLogin, String(at))
  return browser.signIn(at, ada)
}

describe('web applications', () => {
  const programs = { 'web-app.mjs': ['node', 'web-app.mjs'], 'web_app.py': [PYTHON, 'web_app.py'] }
  for (const [name, command] of Object.entries(programs)) {
    test(`${name}: in, refreshed, out`, async (t) => {
      const url = `http://localhost:${ports.web}`
      const env = { CLIENT_ID: 'web', CLIENT_SECRET: secrets.web, APP_URL: url, SESSION_SECRET: secretHex() }
      await program(t, command, ports.web, env, '/')
      const browser = agent()

      await t.test('nobody is let in before signing in', async () => {
        assert.equal((await browser.open(`${url}/`)).status, 401)
      })
      await t.test('an answer nobody asked for is refused', async () => {
        const stranger = agent()
        await stranger.raw(`${url}/login`)
        const at = await stranger.open(`${url}/callback?code=planted&state=planted&iss=${porta.issuer('examples')}`)
        assert.equal(at.status, 400, String(at))
        assert.equal((await stranger.open(`${url}/`)).status, 401)
      })
      await t.test('signing in', async () => {
        const at = await through(browser, `${url}/login`)
        assert.equal(at.response.json().email, ada.email, String(at))
      })
      await t.test('refreshing', async () => {
        assert.equal((await browser.open(`${url}/refresh`)).response.json().email, ada.email)
      })
      await t.test('signing out', async () => {
        const at = await browser.logOut(await browser.open(`${url}/logout`))
        assert.match(String(at), /Signed out/)
        assert.equal((await browser.open(`${url}/`)).status, 401)
        assert.ok((await browser.open(`${url}/login`)).isLogin, 'the session at the issuer has ended too')
      })
    })
  }
})

async function signedInPage() {
  const { connect, begin, finish, userInfo } = await import(`${EXAMPLES}/browser.mjs`)
  const here = await connect({ issuer: porta.issuer('examples'), clientId: 'page', redirectUri: SPA, insecure: true })
  const { to, kept } = await begin(here)
  const callback = new URL((await through(agent(), to.href)).url)
  return { here, kept, callback, finish: (...args) => finish(here, ...args), userInfo: (tokens) => userInfo(here, tokens) }
}

test('browser.mjs: in, and nothing that was not asked for', async () => {
  const page = await signedInPage()
  await assert.rejects(page.finish(page.callback, { ...page.kept, state: 'another' }), /state/)
  const tokens = await page.finish(page.callback, page.kept)
  assert.equal((await page.userInfo(tokens)).email, ada.email)
  await assert.rejects(page.finish(page.callback, page.kept), 'a code works once')
})

test('resource-server.mjs: the right token, and five that are not', async (t) => {
  await program(t, ['node', 'resource-server.mjs'], ports.api, { CLIENT_ID: 'api', CLIENT_SECRET: secrets.api }, '/')
  const page = await signedInPage()
  const tokens = await page.finish(page.callback, page.kept)
  const ask = (path, authorization) =>
    fetch(`http://localhost:${ports.api}${path}`, { headers: authorization ? { authorization } : {} })
  const granted = await ask('/profile', `Bearer ${tokens.access_token}`)
  assert.equal(granted.status, 200)
  assert.ok((await granted.json()).sub)
  assert.equal((await ask('/profile')).status, 401)
  assert.equal((await ask('/profile', `Basic ${tokens.access_token}`)).status, 401)
  assert.equal((await ask('/profile', `Bearer ${tokens.access_token}x`)).status, 401)
  assert.equal((await ask('/profile', `Bearer ${tokens.id_token}`)).status, 401, 'an ID token is no access token')
  const other = await ask('/orders', `Bearer ${tokens.access_token}`)
  assert.equal(other.status, 403)
  assert.match(other.headers.get('www-authenticate'), /insufficient_scope/)
})
