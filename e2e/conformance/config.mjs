// Config OP: oidcc-config-certification-test-plan.

import assert from 'node:assert/strict'
import { CLAIM_NAMES } from '../lib/fixtures.mjs'
import { checkKeys } from './checks.mjs'

/** Every endpoint in the document uses https and is below the issuer. */
export function checkEndpoints(metadata, issuer) {
  for (const [name, value] of Object.entries(metadata)) {
    if (!/(_endpoint|_uri)$/.test(name)) continue
    assert.equal(new URL(value).protocol, 'https:', `${name} is https: ${value}`)
    assert.ok(value.startsWith(`${issuer}/`), `${name} is below the issuer: ${value}`)
  }
}

export const config = {
  async 'oidcc-discovery-endpoint-verification'(op) {
    const url = `${op.issuer}/.well-known/openid-configuration`
    const response = await op.rp.get(url)
    assert.equal(response.status, 200, String(response))
    assert.equal(response.contentType, 'application/json')
    const metadata = response.json()

    assert.equal(metadata.issuer, op.issuer)
    assert.equal(`${metadata.issuer}/.well-known/openid-configuration`, url)
    checkEndpoints(metadata, op.issuer)
    for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri']) {
      assert.equal(typeof metadata[name], 'string', name)
      assert.equal(new URL(metadata[name]).hash, '', `${name} has no fragment`)
    }

    assert.ok(metadata.response_types_supported.includes('code'))
    assert.ok(metadata.response_modes_supported.includes('query'))
    assert.ok(metadata.response_modes_supported.includes('form_post'))
    assert.deepEqual(metadata.subject_types_supported, ['public'])
    assert.ok(metadata.id_token_signing_alg_values_supported.includes('RS256'))
    assert.ok(!metadata.id_token_signing_alg_values_supported.includes('none'))
    for (const name of ['userinfo_signing_alg_values_supported', 'request_object_signing_alg_values_supported']) {
      if (name in metadata) assert.ok(metadata[name].includes('RS256'), `${name} has RS256`)
    }
    assert.ok(metadata.grant_types_supported.includes('authorization_code'))
    assert.ok(metadata.scopes_supported.includes('openid'))
    for (const scope of Object.keys(CLAIM_NAMES)) assert.ok(metadata.scopes_supported.includes(scope), scope)
    for (const name of ['sub', 'iss', 'auth_time', ...Object.values(CLAIM_NAMES).flat()]) {
      assert.ok(metadata.claims_supported.includes(name), `claims_supported has ${name}`)
    }
    for (const name of ['claims_parameter_supported', 'request_parameter_supported', 'request_uri_parameter_supported']) {
      if (name in metadata) assert.equal(typeof metadata[name], 'boolean', name)
    }
    // If absent, this one means true (OpenID Connect Discovery §3), so a provider without support must say false.
    assert.equal(typeof metadata.request_uri_parameter_supported, 'boolean')
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256'])
    assert.equal(metadata.authorization_response_iss_parameter_supported, true)
    for (const [name, value] of Object.entries(metadata)) {
      assert.notEqual(value, null, `${name} is null`)
      if (Array.isArray(value)) assert.equal(new Set(value).size, value.length, `${name} has nothing twice`)
    }

    const keys = await op.rp.get(metadata.jwks_uri)
    assert.equal(keys.status, 200, String(keys))
    assert.match(keys.contentType, /^application\/(jwk-set\+)?json$/)
    checkKeys(keys.json())
    const published = new Set(keys.json().keys.map((key) => key.alg))
    assert.ok(published.has('RS256'), 'a key for the algorithm every relying party knows')
  },
}
