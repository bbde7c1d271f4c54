// Looks up the test data of fixtures.yaml by name, so that no test repeats it.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export const FIXTURES = fileURLToPath(new URL('../fixtures.yaml', import.meta.url))

const world = parse(readFileSync(FIXTURES, 'utf8'))

function organization(slug) {
  const found = world.organizations.find((one) => one.slug === slug)
  if (!found) throw new Error(`fixtures.yaml has no organization ${slug}`)
  return found
}

/** A client with the fields that a relying party needs. */
export function client(id) {
  for (const { slug, applications } of world.organizations) {
    for (const application of applications) {
      const found = application.clients.find((one) => one.client_id === id)
      if (!found) continue
      return {
        organization: slug,
        id,
        name: found.client_name,
        secret: found.secret?.value,
        isPublic: found.client_type === 'public',
        auth: found.client_type === 'public' ? 'none' : found.token_endpoint_auth_method,
        alg: found.id_token_signed_response_alg ?? 'RS256',
        pkce: found.require_pkce ?? true,
        scope: found.scope,
        redirectUri: found.redirect_uris[0],
        postLogoutRedirectUri: found.post_logout_redirect_uris?.[0],
      }
    }
  }
  throw new Error(`fixtures.yaml has no client ${id}`)
}

/** A person: `user('ada')` of demo, `user('ada', 'beta')` of beta. */
export function user(name, slug = 'demo') {
  const found = organization(slug).users.find((one) => one.email.startsWith(`${name}@`))
  if (!found) throw new Error(`fixtures.yaml has no user ${name} in ${slug}`)
  return found
}

const PROFILE = [
  'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website',
  'gender', 'birthdate', 'zoneinfo', 'locale',
]

/** The claims that a scope gives for a person (OpenID Connect Core §5.4), with the values of the fixtures. */
export function claimsOf(scope, person) {
  switch (scope) {
    case 'profile': {
      const claims = Object.fromEntries(PROFILE.filter((name) => person[name] !== undefined).map((n) => [n, person[n]]))
      const name = [person.given_name, person.middle_name, person.family_name].filter(Boolean).join(' ')
      return name ? { name, ...claims } : claims
    }
    case 'email': return { email: person.email, email_verified: person.email_verified ?? false }
    case 'phone':
      return { phone_number: person.phone_number, phone_number_verified: person.phone_number_verified ?? false }
    case 'address': return { address: person.address }
    default: return {}
  }
}

export const CLAIM_NAMES = {
  profile: ['name', ...PROFILE, 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
}
