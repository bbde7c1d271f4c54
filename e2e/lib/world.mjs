// The test data of the journeys: a server with a real SMTP relay, organizations with different sign-in policies, and
// one person for each test of a file.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LossyProxy } from './lossy.mjs'
import { Porta, STORE, freePort } from './porta.mjs'
import { Relay } from './relay.mjs'
import { askPostgres, askSqlite, parseRows } from './rows.mjs'
import { Rp, random } from './rp.mjs'

export const PASSWORD = 'test-password-Journey-1'
/** A password that passes the password rules. */
export const NEW_PASSWORD = 'sextant-Marmalade-88'
/** Origin of the relying party; only the tests' browsers resolve it (lib/browser.mjs). */
export const RP = 'https://rp.example.test'

/** Every second-factor policy, and lifetimes and limits short enough for a test to reach them. */
const ORGANIZATIONS = {
  ways: {
    name: 'Many Ways',
    two_factor_policy: 'optional',
    branding: { company_name: 'Many Ways', primary_color: '#0B6E4F' },
  },
  'by-mail': { name: 'Mail Codes', two_factor_policy: 'required_email' },
  'by-app': { name: 'App Codes', two_factor_policy: 'required_totp' },
  'by-any': { name: 'Either Code', two_factor_policy: 'required_any' },
  'by-hand': { name: 'Set by Hand' },
  strict: {
    name: 'Strict',
    settings: {
      magic_link_ttl: 60,
      password_reset_ttl: 60,
      step_up_max_age: 10,
      max_failed_logins: 3,
      rate_limit_login_max: 5,
      rate_limit_magic_link_max: 1,
      rate_limit_password_reset_max: 1,
    },
  },
  narrow: { name: 'Narrow', settings: { rate_limit_link_address_max: 2 } },
}

function clientOf(organization, changes = {}) {
  return {
    organization,
    id: `${organization}-web`,
    name: 'Dock Planner',
    secret: `test-only-secret-${random(32)}`,
    isPublic: false,
    auth: 'client_secret_basic',
    alg: 'ES256',
    pkce: true,
    scope: 'openid profile email offline_access',
    redirectUri: `${RP}/callback`,
    postLogoutRedirectUri: `${RP}/after-logout`,
    ...changes,
  }
}

function provisioned(client, extra = {}) {
  return {
    client_name: client.name,
    client_id: client.id,
    client_type: 'confidential',
    token_endpoint_auth_method: client.auth,
    secret: { label: 'e2e', value: client.secret },
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [client.redirectUri],
    post_logout_redirect_uris: [client.postLogoutRedirectUri],
    scope: client.scope,
    id_token_signed_response_alg: client.alg,
    ...extra,
  }
}

/** The roles and claims that an invitation can grant. */
const APPLICATION = {
  name: 'Planner',
  slug: 'planner',
  permissions: [{ name: 'See berths', slug: 'dock:berths:read' }],
  roles: [{ name: 'Planner', slug: 'planner', permissions: ['dock:berths:read'] }],
  claim_definitions: [
    { name: 'Terminal', slug: 'terminal_code', claim_type: 'string', include_in_id_token: true, include_in_userinfo: true },
  ],
}

export class World {
  #people = {}

  /**
   * `people`: the number of people per organization; `env`: may be a function of the relay; `wrap`: see Porta;
   * `isLossy`: puts a proxy in front that loses responses.
   */
  static async start(name, people, env = {}, wrap = [], { isLossy = false } = {}) {
    const world = new World()
    world.relay = await Relay.start()
    try {
      const [port, edge] = [await freePort(), await freePort()]
      if (isLossy) world.edge = await LossyProxy.start(edge, port)
      const base = isLossy ? `http://localhost:${edge}` : undefined
      // One machine acts as many people: X-Forwarded-For, as from a trusted proxy, gives each their own address.
      const proxy = { TRUST_PROXY: 'true', TRUST_PROXY_CIDRS: '127.0.0.0/8' }
      const own = typeof env === 'function' ? await env(world.relay) : env
      world.porta = await Porta.start({ name, port, base, fixtures: false, env: { ...world.relay.env, ...proxy, ...own }, wrap })
      await world.#provision(people)
    } catch (error) {
      await world.end()
      throw error
    }
    return world
  }

  async #provision(people) {
    this.clients = Object.fromEntries(Object.keys(ORGANIZATIONS).map((slug) => [slug, clientOf(slug)]))
    this.partner = clientOf('partner', { organization: 'ways', name: 'Harbour Charts' })
    const organizations = Object.entries(ORGANIZATIONS).map(([slug, fields]) => {
      this.#people[slug] = Array.from({ length: people[slug] ?? 0 }, (_, n) => ({
        email: `${slug}.${n}@people.example.test`,
        password: PASSWORD,
        given_name: 'Kim',
        family_name: 'Example',
        // As if an administrator had set it.
        ...(slug === 'by-hand' ? { password_change_required: true } : {}),
      }))
      return {
        slug,
        default_login_methods: ['password', 'magic_link'],
        ...fields,
        applications: [{ ...APPLICATION, clients: [provisioned(this.clients[slug])] }],
        users: this.#people[slug],
      }
    })
    const partner = provisioned(this.partner, { allowed_organizations: ['ways'] })
    organizations.push({
      name: 'Partner Company',
      slug: 'partner',
      applications: [{ name: 'Charts', slug: 'charts', clients: [partner] }],
    })
    const file = join(this.porta.store.dataDir, 'world.json')
    writeFileSync(file, JSON.stringify({ version: '1.0', allow_passwords: true, organizations }))
    await this.porta.cli('provision', '-f', file, '--direct', '--create')
  }

  /** A person whom no other test uses. */
  person(slug = 'ways') {
    const person = this.#people[slug].pop()
    if (!person) throw new Error(`${slug} has not enough people`)
    return person
  }

  /** Asserts how many audit rows about a person there are of each of these events: what was done, was done once. */
  async assertRecorded({ email }, expected) {
    const { env, dataDir } = this.porta.store
    const sql = `SELECT event_type, count(*) FROM audit_log
      WHERE user_id IN (SELECT id FROM users WHERE email = '${email}') GROUP BY event_type`
    const text = STORE === 'postgres' ? askPostgres(env.DATABASE_URL, sql) : askSqlite(join(dataDir, 'porta.sqlite'), sql)
    const counts = parseRows(await text)
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((event) => [event, counts[event] ?? 0])), expected, email)
  }

  rp(slug = 'ways') {
    return new Rp(this.porta.issuer(slug), this.clients[slug])
  }

  /** An application of another organization, for which people of `ways` see a consent page. */
  thirdParty() {
    return new Rp(this.porta.issuer('ways'), this.partner)
  }

  async end() {
    try {
      await this.edge?.end()
      await this.porta?.end()
    } finally {
      await this.relay.down()
    }
  }
}
