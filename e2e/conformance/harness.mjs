// One provider behind TLS for all plans, and the record of passed modules.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { client, user } from '../lib/fixtures.mjs'
import { Porta, RESULTS, freePort, secretHex, STORE } from '../lib/porta.mjs'
import { certificates, startProxy } from '../lib/proxy.mjs'
import { Rp } from '../lib/rp.mjs'
import { someAddress } from '../lib/http.mjs'
import { checkCallback, checkIdToken, checkTokenResponse, checkUserInfo } from './checks.mjs'

/** Starts Porta in production mode behind an https proxy on loopback, with a certificate of a test authority. */
export async function startProvider(name) {
  const tls = await certificates()
  const port = await freePort()
  const porta = await Porta.start({
    name,
    base: `https://localhost:${port}`,
    env: {
      NODE_ENV: 'production',
      TRUST_PROXY: 'true',
      TRUST_PROXY_CIDRS: '127.0.0.1/32',
      // Required in production; elsewhere the embedded store generates what is missing.
      COOKIE_KEYS: secretHex(),
      SIGNING_KEY_ENCRYPTION_KEY: secretHex(),
      TWO_FACTOR_ENCRYPTION_KEY: secretHex(),
      SMTP_HOST: 'smtp.porta.test',
      SMTP_FROM: 'porta@porta.test',
    },
  })
  const proxy = await startProxy({ cert: tls.cert, key: tls.key, port, target: porta.port })
  return {
    porta,
    ca: tls.ca,
    issuer: porta.issuer('demo'),
    async end() {
      await proxy.close()
      await porta.end()
    },
  }
}

/** Context of a module: relying parties, one browser, and the plan's response mode. */
export class Op {
  constructor(provider, { name, person, responseMode }) {
    this.provider = provider
    this.name = name
    this.issuer = provider.issuer
    this.mode = responseMode ?? 'query'
    this.responseMode = responseMode
    this.options = { ca: provider.ca, from: someAddress() }
    this.person = user(person)
    this.rp = this.relyingParty('e2e-conformance-1')
    this.agent = this.rp.agent()
  }

  relyingParty(id) {
    return new Rp(this.issuer, client(id), this.options)
  }

  /** An authorization request in the plan's response mode. */
  authorize(extra = {}, { rp = this.rp, agent = this.agent, person = this.person, ...options } = {}) {
    return rp.authorize(agent, { response_mode: this.responseMode, ...extra }, { person, pkce: false, ...options })
  }

  get delivery() {
    return { mode: this.mode, issuer: this.issuer }
  }

  /** Makes a request that must succeed, and checks what the suite checks: callback, tokens, ID token, UserInfo. */
  async succeed(extra = {}, options = {}) {
    const rp = options.rp ?? this.rp
    const flow = await this.authorize(extra, options)
    checkCallback(flow, this.delivery)
    flow.code = flow.at.params.code
    const tokens = checkTokenResponse(await rp.redeem(flow))
    const idToken = await checkIdToken(rp, tokens, { params: flow.params })
    const scope = flow.params.scope
    const userInfo = checkUserInfo(await rp.userinfo(tokens.access_token), { sub: idToken.sub, scope, person: this.person })
    return { ...flow, tokens, idToken, userInfo }
  }

  /** Saves a page that the suite asks a person to review. */
  keep(page) {
    const dir = join(RESULTS, 'conformance')
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, `${this.name}.html`), page.response.body)
  }
}

const results = []

/** Registers one test per module. `provider` is called when a module runs; `person` signs in. */
export function plan(title, modules, { provider, person, responseMode }) {
  for (const [name, check] of Object.entries(modules)) {
    test(name, async () => {
      const result = { title, name, passed: false }
      results.push(result)
      await check(new Op(provider(), { name: responseMode ? `${name}-${responseMode}` : name, person, responseMode }))
      result.passed = true
    })
  }
}

/** The final table. */
export function summary() {
  const width = Math.max(...results.map(({ name }) => name.length))
  const lines = []
  for (const title of new Set(results.map((result) => result.title))) {
    const own = results.filter((result) => result.title === title)
    lines.push('', `${title} (${STORE}): ${own.filter(({ passed }) => passed).length} of ${own.length} passed`)
    for (const { name, passed } of own) lines.push(`  ${name.padEnd(width)}  ${passed ? 'PASSED' : 'FAILED'}`)
  }
  return lines.join('\n')
}
