// Destroying an organization, erasing a person and importing over what exists: the preview tells the effect, and a
// crash at any moment leaves everything or nothing of it. On PostgreSQL the database is slow meanwhile, so that the
// moments lie between its statements.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Root, provision } from './lib/admin.mjs'
import { IS_DRILL } from './lib/drills.mjs'
import { someAddress } from './lib/http.mjs'
import { Database, interrupted } from './lib/interrupt.mjs'
import { Porta, STORE, Store } from './lib/porta.mjs'
import { Rp, assertTokenError } from './lib/rp.mjs'
import { Toxic } from './lib/toxic.mjs'

const POINTS = IS_DRILL ? 20 : 5
const PEOPLE = IS_DRILL ? 300 : 120
/** Of an import. */
const ARRIVALS = 30
const LATENCY_MS = 2
const PASSWORD = 'lantern-Quay-61'
const SECRET = 'test-only_secret-0123456789_abcdefghijklmnopqrstuvwxyz'
const CALLBACK = 'https://rp.example.test/callback'

let store
let proxy
let porta
let root
let database

before(async () => {
  store = await Store.create()
  const url = store.env.DATABASE_URL
  if (STORE === 'postgres') {
    proxy = await Toxic.before(new URL(url))
    store.env.DATABASE_URL = proxy.through(url)
  }
  database = new Database(store, url)
  porta = await Porta.start({ name: 'all-or-nothing', store, fixtures: false })
  root = await Root.install(porta)
})
after(async () => {
  try {
    await porta?.end()
  } finally {
    await proxy?.close()
    await store?.drop()
  }
})

async function slowly(work) {
  if (proxy) proxy.latency = LATENCY_MS
  try {
    return await work()
  } finally {
    if (proxy) proxy.latency = 0
  }
}

const address = (name, slug) => `${name}@${slug}.test`

/** An organization with people who have a role and a claim each; the first one has a password. */
async function organization(slug, people) {
  const app = `${slug}-app`
  await provision(porta, slug, {
    version: '1.0',
    allow_passwords: true,
    organizations: [{
      name: slug,
      slug,
      default_login_methods: ['password'],
      applications: [{
        name: app,
        slug: app,
        permissions: [{ name: 'Read', slug: 'dock:berths:read' }, { name: 'Write', slug: 'dock:berths:write' }],
        roles: [{ name: 'Clerk', slug: 'clerk', permissions: ['dock:berths:read'] }],
        claim_definitions: [{ name: 'Branch', slug: 'branch', claim_type: 'string' }],
        clients: [{
          client_name: 'Web',
          client_id: `${slug}-web`,
          client_type: 'confidential',
          application_type: 'web',
          token_endpoint_auth_method: 'client_secret_basic',
          secret: { value: SECRET },
          grant_types: ['authorization_code', 'refresh_token'],
          redirect_uris: [CALLBACK],
          scope: 'openid email offline_access',
          id_token_signed_response_alg: 'ES256',
        }],
      }],
      users: Array.from({ length: people }, (_, n) => ({
        email: address(`p${n}`, slug),
        ...(n === 0 ? { password: PASSWORD } : {}),
        email_verified: true,
        given_name: 'Before',
        roles: [{ app, role: 'clerk' }],
        claims: [{ app, claim: 'branch', value: `b${n}` }],
      })),
    }],
  })
  return slug
}

/** Somebody with a session, tokens and a grant. */
async function arrive(slug) {
  const client = { id: `${slug}-web`, secret: SECRET, auth: 'client_secret_basic', alg: 'ES256', pkce: true, redirectUri: CALLBACK }
  const rp = new Rp(porta.issuer(slug), client, { from: someAddress() })
  const person = { email: address('p0', slug), password: PASSWORD }
  const { tokens } = await rp.signIn(rp.agent(), person, { scope: 'openid email offline_access', prompt: 'consent' })
  return { rp, tokens }
}

const sum = (grown, ...tables) => -tables.reduce((all, table) => all + (grown[table] ?? 0), 0)
const people = (slug) => database.number(`SELECT count(*) FROM users WHERE email LIKE '%@${slug}.test'`)

test('an organization is destroyed wholly or not at all', async () => {
  await interrupted({
    porta, database, root, slowly, points: POINTS, whole: PEOPLE,
    subject: async (n) => {
      const slug = await organization(`gone-${n}`, PEOPLE)
      const preview = await root.expect(200, 'DELETE', `/organizations/${slug}?dryRun=true`)
      assert.deepEqual([preview.dryRun, preview.deleted, await people(slug)], [true, false, PEOPLE])
      return { slug, preview }
    },
    act: ({ slug }) => root.send('DELETE', `/organizations/${slug}`),
    effect: async ({ slug }) => PEOPLE - (await people(slug)),
    after: async ({ preview }, answer, grown) => {
      assert.deepEqual(preview.cascadeCounts, {
        applications: sum(grown, 'applications'),
        clients: sum(grown, 'clients'),
        users: sum(grown, 'users'),
        roles: sum(grown, 'roles'),
        permissions: sum(grown, 'permissions'),
        claim_definitions: sum(grown, 'custom_claim_definitions'),
      })
      assert.deepEqual(answer.cascadeCounts, preview.cascadeCounts)
      assert.deepEqual([answer.deleted, sum(grown, 'organizations')], [true, 1])
      assert.ok(grown.audit_log > 0)
    },
    again: async ({ slug }) => {
      await root.expect(404, 'DELETE', `/organizations/${slug}`)
      await root.expect(404, 'GET', `/organizations/${slug}`)
    },
  })
})

test('a person is erased wholly or not at all', async () => {
  await interrupted({
    porta, database, root, slowly, points: POINTS, whole: 1,
    subject: async (n) => {
      const slug = await organization(`erased-${n}`, 1)
      const held = await arrive(slug)
      const { data: [user] } = await root.get(`/organizations/${slug}/users`)
      const { data: stored } = await root.get(`/organizations/${slug}/users/${user.id}/export`)
      return { slug, user, stored, ...held }
    },
    act: ({ slug, user }) => root.send('POST', `/organizations/${slug}/users/${user.id}/purge`, { confirmPurge: true }),
    effect: async ({ slug, user }) => {
      const known = await people(slug)
      const anonymous = await database.number(`SELECT count(*) FROM users WHERE email = 'purged-${user.id}@purged.local'
        AND status = 'inactive' AND password_hash IS NULL AND given_name IS NULL`)
      assert.equal(known + anonymous, 1, `known ${known}, anonymous ${anonymous}`)
      return anonymous
    },
    after: async ({ stored, user }, { data }, grown) => {
      assert.equal(data.userId, user.id)
      assert.deepEqual([data.deletedRoles, data.deletedClaims], [stored.roles.length, stored.customClaims.length])
      assert.deepEqual([data.deletedRoles, data.deletedClaims], [sum(grown, 'user_roles'), sum(grown, 'custom_claim_values')])
      assert.equal(data.deletedOidcPayloads, sum(grown, 'sessions', 'token_families', 'grants'))
      assert.deepEqual([sum(grown, 'sessions'), sum(grown, 'grants')], [stored.sessions.length, stored.grants.length])
      assert.ok(data.deletedOidcPayloads >= 2, JSON.stringify(data))
      assert.ok(sum(grown, 'users') === 0, 'the row stays')
    },
    again: async ({ slug, user, rp, tokens }) => {
      const { data: [left] } = await root.get(`/organizations/${slug}/users`)
      assert.deepEqual([left.id, left.status, left.hasPassword], [user.id, 'inactive', false])
      assertTokenError(await rp.refresh(tokens.refresh_token), 'invalid_grant')
    },
  })
})

test('an import over what exists is carried out wholly or not at all', async () => {
  const slug = await organization('imported', PEOPLE)
  /** Everybody gets another name, and some arrive. */
  const manifest = (round) => {
    const arrivals = Array.from({ length: ARRIVALS }, (_, n) => address(`${round}-${n}`, slug))
    const all = [...Array.from({ length: PEOPLE }, (_, n) => address(`p${n}`, slug)), ...arrivals]
    return {
      version: '1.0',
      users: all.map((email) => ({ email, organization_slug: slug, given_name: round })),
      user_role_assignments: arrivals.map((email) => ({
        email, organization_slug: slug, application_slug: `${slug}-app`, role_slug: 'clerk',
      })),
    }
  }
  const request = ({ round }, more = {}) => ({ mode: 'overwrite', keepGoing: false, manifest: manifest(round), ...more })
  const effects = ({ created, updated, skipped, errors }) => ({ created, updated, skipped, errors })
  const named = (round) => database.number(`SELECT count(*) FROM users WHERE given_name = '${round}'`)
  await interrupted({
    porta, database, root, slowly, points: POINTS, whole: PEOPLE + ARRIVALS,
    subject: async (n) => {
      const round = `round-${n}`
      const preview = await root.expect(200, 'POST', '/import', request({ round }, { dryRun: true }))
      assert.deepEqual([preview.applied, await named(round)], [false, 0])
      return { round, preview }
    },
    act: (round) => root.send('POST', '/import', request(round)),
    effect: ({ round }) => named(round),
    after: async ({ preview }, answer, grown) => {
      assert.equal(answer.applied, true)
      assert.deepEqual(effects(answer), effects(preview))
      const made = (type) => answer.created.filter((item) => item.type === type).length
      assert.deepEqual([made('user'), made('user_role_assignment')], [ARRIVALS, ARRIVALS])
      assert.deepEqual([grown.users, grown.user_roles], [ARRIVALS, ARRIVALS])
      assert.equal(answer.updated.filter((item) => item.type === 'user').length, PEOPLE)
    },
    again: async (round) => {
      const answer = await root.expect(200, 'POST', '/import', request(round))
      assert.deepEqual([answer.created, answer.updated, answer.errors], [[], [], []])
    },
  })
})
