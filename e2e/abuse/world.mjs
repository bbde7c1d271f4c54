// Test data: two organizations, one of which is attacked.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../lib/rp.mjs'

export const ATTACKED = 'storm'
export const QUIET = 'calm'

/** Names of the kinds of honest sign-in, by organization. */
export const inNewBrowser = (slug) => `${slug}, new browser`
export const inKnownBrowser = (slug) => `${slug}, known browser`

const RP = 'https://rp.example.test'

const secret = () => `test-only-secret-${random(32)}`

function web(slug) {
  return {
    organization: slug,
    id: `${slug}-web`,
    secret: secret(),
    auth: 'client_secret_basic',
    alg: 'ES256',
    pkce: true,
    redirectUri: `${RP}/callback`,
  }
}

const machine = (slug) => ({ id: `${slug}-machine`, secret: secret() })

const person = (slug, name) => ({ email: `${name}@${slug}.example`, password: `test-password-${random(9)}`, email_verified: true, given_name: name })

function provisioned(id, { secret, redirectUri, alg }) {
  return {
    client_name: id,
    client_id: id,
    client_type: 'confidential',
    token_endpoint_auth_method: 'client_secret_basic',
    secret: { label: 'e2e', value: secret },
    grant_types: redirectUri ? ['authorization_code', 'refresh_token'] : ['client_credentials'],
    redirect_uris: redirectUri ? [redirectUri] : [],
    scope: 'openid email',
    id_token_signed_response_alg: alg,
  }
}

/** Creates the data and returns it: for each organization its clients, the honest person and the victim. */
export async function provision(porta) {
  const world = Object.fromEntries([ATTACKED, QUIET].map((slug) => [
    slug,
    { web: web(slug), machine: machine(slug), honest: person(slug, 'ada'), victim: person(slug, 'vera') },
  ]))
  const organizations = Object.entries(world).map(([slug, { web, machine, honest, victim }]) => ({
    name: slug,
    slug,
    default_login_methods: ['password', 'magic_link'],
    applications: [{ name: 'Desk', slug: `${slug}-desk`, clients: [provisioned(web.id, web), provisioned(machine.id, machine)] }],
    users: [honest, victim],
  }))
  const file = join(porta.store.dataDir, 'world.json')
  writeFileSync(file, JSON.stringify({ version: '1.0', allow_passwords: true, organizations }))
  await porta.cli('provision', '-f', file, '--direct', '--create')
  return world
}
