import { basic, random } from '../../lib/rp.mjs'
import { met, only, someNetwork, stranger } from '../attacker.mjs'

export const name = 'client credentials, right ones and wrong ones'

const CONNECTIONS = 32
const AT_ONCE = 8
const fields = { grant_type: 'client_credentials' }

export async function attack(attacker) {
  const { id, secret } = attacker.world[attacker.attacked].machine
  const right = attacker.request('POST', '/token', { headers: { authorization: basic(id, secret) }, fields })
  const many = Buffer.concat(Array.from({ length: AT_ONCE }, () => right))
  // A compromised client with its right secret; unknown clients, each request from another network; and wrong secrets
  // of one client from one address.
  const anybody = () => attacker.request('POST', '/token', {
    from: someNetwork(), headers: { authorization: basic(random(8), random(32)) }, fields,
  })
  const stubborn = attacker.request('POST', '/token', { headers: { authorization: basic(id, 'wrong') }, fields })
  const batches = [() => many, () => Buffer.concat(Array.from({ length: AT_ONCE }, anybody)), () => Buffer.concat(Array.from({ length: AT_ONCE }, () => stubborn))]
  // Only the trusted proxy's address (the default) may send `X-Forwarded-For`; the other connections are strangers.
  const wires = Array.from({ length: CONNECTIONS }, (_, n) => attacker.wire({ from: n % 3 === 1 ? undefined : stranger(n) }))
  await attacker.crowd(CONNECTIONS, (n) => wires[n].flood(batches[n % 3](), AT_ONCE, (status) => attacker.count(status)))
}

export const problems = (seen) => [...met(seen, 200, 20), ...met(seen, 401, 20), ...met(seen, 429, 50), ...only(seen, 200, 401, 429)]
