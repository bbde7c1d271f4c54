// Dynamic OP: the modules of oidcc-dynamic-certification-test-plan that register no client.

import assert from 'node:assert/strict'
import { decodeProtectedHeader } from 'jose'
import { eventually } from '../lib/porta.mjs'
import { checkErrorPage, checkKeys } from './checks.mjs'

const kidOf = ({ tokens }) => decodeProtectedHeader(tokens.id_token).kid

export const dynamic = {
  async 'oidcc-redirect-uri-query-added'(op) {
    const redirectUri = new URL(op.rp.client.redirectUri)
    redirectUri.searchParams.append('foo', 'bar')
    const asked = { redirect_uri: redirectUri.href }
    const { at } = await op.authorize(asked, { person: null })
    checkErrorPage(at)
    op.keep(at)
    // The same for a person who is signed in already, who would see no page.
    await op.succeed()
    const silent = await op.authorize({ ...asked, prompt: 'none' }, { person: null })
    checkErrorPage(silent.at)
  },

  async 'oidcc-server-rotate-keys'(op) {
    const before = await op.rp.jwks({ fresh: true })
    checkKeys(before)
    const old = await op.succeed()
    await op.provider.porta.cli('keys', 'rotate', '--org', 'demo', '--alg', op.rp.client.alg, '--direct', '--force')

    const known = new Set(before.keys.map(({ kid }) => kid))
    const after = await eventually('a key is published that was not there', async () => {
      const jwks = await op.rp.jwks({ fresh: true })
      return jwks.keys.some(({ kid }) => !known.has(kid)) && jwks
    }, { seconds: 120 })
    checkKeys(after)
    for (const key of before.keys) {
      assert.deepEqual(after.keys.find(({ kid }) => kid === key.kid), key, `${key.kid} is still published`)
    }
    await op.rp.verifyIdToken(old.tokens.id_token, { nonce: old.nonce })

    const fresh = await eventually('another key signs', async () => {
      const flow = await op.succeed({ prompt: 'none' })
      return kidOf(flow) !== kidOf(old) && flow
    }, { seconds: 120, every: 1000 })
    assert.ok(known.has(kidOf(fresh)), 'it was published before it signs')
  },
}
