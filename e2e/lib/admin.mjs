// The Admin API of a server, in the name of an administrator or of a service account.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { request, someAddress } from './http.mjs'
import { eventually } from './porta.mjs'
import { Rp, random } from './rp.mjs'

const run = promisify(execFile)

const ROOT = { email: 'root@porta.test', password: 'lantern-Quay-51' }
/** Redirect address of the command line's client; nothing listens there. */
const REDIRECT_URI = 'http://127.0.0.1/callback'

/** Somebody with a token. */
export class Caller {
  /** `porta` is the server that is asked; `connect` picks another one for each request. */
  constructor(porta, { token, connect } = {}) {
    const own = () => ({ host: '127.0.0.1', port: porta.port })
    Object.assign(this, { porta, token, connect: connect ?? own, from: someAddress() })
  }

  /** One request; `body` is sent as JSON. */
  send(method, path, body, options = {}) {
    const headers = { authorization: `Bearer ${this.token}`, ...options.headers }
    if (body !== undefined) headers['content-type'] = 'application/json'
    return request(`${this.porta.base}/api/admin${path}`, {
      connect: this.connect,
      from: this.from,
      ...options,
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  }

  /** A request that must be answered with `status`; returns its JSON. */
  async expect(status, method, path, body, options) {
    const answer = await this.send(method, path, body, options)
    assert.equal(answer.status, status, String(answer))
    return answer.bytes.length === 0 ? null : answer.json()
  }

  get(path) {
    return this.expect(200, 'GET', path)
  }
}

/** The first administrator of an installation. */
export class Root extends Caller {
  /** Creates the administrator as an operator would (`porta init`), and signs in. */
  static async install(porta, options = {}) {
    const { email, password } = ROOT
    const names = ['--given-name', 'Rut', '--family-name', 'Root']
    const [program, ...args] = [...porta.wrap, porta.bin, 'init', '--json', '--email', email, ...names, '--password-stdin']
    const running = run(program, args, { cwd: porta.store.dataDir, env: porta.env, timeout: 120_000 })
    running.child.stdin.end(`${password}\n`)
    await running
    return new Root(porta, options).signIn()
  }

  /** A new token. */
  async signIn() {
    const { connect, from } = this
    const metadata = await request(`${this.porta.base}/api/admin/metadata`, { connect, from })
    assert.equal(metadata.status, 200, String(metadata))
    const { issuer, clientId } = metadata.json()
    const client = { id: clientId, auth: 'none', isPublic: true, pkce: true, alg: 'ES256', redirectUri: REDIRECT_URI }
    const rp = new Rp(issuer, client, { connect, from })
    const { tokens } = await rp.signIn(rp.agent({ stopAt: [REDIRECT_URI] }), ROOT)
    this.token = tokens.access_token
    return this
  }
}

/**
 * Service accounts with every permission that one may have, each with its own limit of changes. `lifetime` is that of
 * their tokens, in seconds.
 */
export async function serviceAccounts(root, count, lifetime) {
  const { porta } = root
  const { data: permissions } = await root.get('/applications/porta-admin/permissions')
  const accounts = Array.from({ length: count }, (_, n) => ({ id: `robot-${n}`, secret: `test-only-${random(32)}` }))
  const clients = accounts.map(({ id, secret }) => ({
    client_name: id,
    client_id: id,
    client_type: 'confidential',
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['client_credentials'],
    scope: permissions.map(({ slug }) => slug).join(' '),
    secret: { value: secret },
  }))
  const application = { name: 'Porta Admin', slug: 'porta-admin', clients }
  const organization = { name: 'Porta Admin', slug: 'porta-admin', applications: [application] }
  await provision(porta, 'robots', { version: '1.0', allow_passwords: true, organizations: [organization] })
  await porta.cli('config', 'set', 'client_credentials_ttl', `${lifetime}s`, '--direct')
  return Promise.all(accounts.map(async ({ id, secret }) => {
    const client = { id, secret, auth: 'client_secret_basic', pkce: false }
    const rp = new Rp(porta.issuer('porta-admin'), client, { connect: root.connect, from: someAddress() })
    // The setting is in force within a second.
    const token = await eventually(`${id} gets a token of ${lifetime} seconds`, async () => {
      const answer = await rp.token({ grant_type: 'client_credentials' })
      assert.equal(answer.status, 200, String(answer))
      const { expires_in: expiresIn, access_token: issued } = answer.json()
      return expiresIn === lifetime && issued
    }, { seconds: 10 })
    return new Caller(porta, { token, connect: root.connect })
  }))
}

/** Loads a provisioning document. JSON is YAML. */
export async function provision(porta, name, document) {
  const file = join(porta.store.dataDir, `${name}.yaml`)
  writeFileSync(file, JSON.stringify(document))
  return porta.cli('provision', '-f', file, '--direct', '--create')
}
