import { random } from '../../lib/rp.mjs'
import { form } from '../../lib/http.mjs'
import { met, only, stranger } from '../attacker.mjs'
import { header } from '../wire.mjs'

export const name = 'anonymous starts, the largest there may be'

const CONNECTIONS = 64
const AT_ONCE = 4
/** Maximum length of `state` and `nonce`: docs/security.md, "Sizes". */
const LONGEST_WORD = 1_024
/** Maximum length of `claims` (same place). */
const LONGEST_CLAIMS = 8_192
const PREPARED = 64

/** Random, so that it cannot be compressed. */
const word = (length) => random(length).slice(0, length)

const parameters = (attacker, claims) => attacker.start({
  state: word(LONGEST_WORD), nonce: word(LONGEST_WORD), claims: JSON.stringify({ userinfo: { [word(claims)]: null } }),
})

/** Whether a sign-in began: a refused request redirects to the application instead. */
const isBegun = ({ base, attacked }, head) => /^HTTP\/1.1 303/.test(head) && header(head, 'location').startsWith(`${base}/${attacked}/`)

export async function attack(attacker) {
  const probe = attacker.wire()
  const get = (claims) => attacker.request('GET', `/auth?${form(parameters(attacker, claims))}`)
  // Finds the longest accepted request by bisection, because a refused one costs the server less.
  let [taken, refused] = [1, LONGEST_CLAIMS]
  while (refused - taken > 1) {
    const claims = (taken + refused) >> 1
    const { head } = await probe.ask(get(claims))
    if (isBegun(attacker, head)) taken = claims
    else refused = claims
  }
  probe.close()
  attacker.figures.claims = taken

  const some = (make) => Array.from({ length: PREPARED }, () => Buffer.concat(Array.from({ length: AT_ONCE }, make)))
  const requests = [...some(() => get(taken)), ...some(() => attacker.request('POST', '/auth', { fields: parameters(attacker, taken) }))]
  const wires = Array.from({ length: CONNECTIONS }, (_, n) => attacker.wire({ from: stranger(n % 8) }))
  let next = 0
  await attacker.crowd(CONNECTIONS, (n) => wires[n].flood(requests[next++ % requests.length], AT_ONCE, (status, head) => {
    attacker.count(status)
    if (!isBegun(attacker, head)) attacker.refute(head.slice(0, 300))
  }))
}

export const problems = (seen) => [...met(seen, 303, 50), ...only(seen, 303)]
