import { random } from '../../lib/rp.mjs'
import { met, only, someNetwork } from '../attacker.mjs'
import { header } from '../wire.mjs'

export const name = 'mailed links asked for from many networks'

const CONNECTIONS = 32
/** One request in this many names an existing account. */
const KNOWN_EVERY = 100
const LONGEST_WORD = 1_024
const word = () => random(LONGEST_WORD).slice(0, LONGEST_WORD)

export async function attack(attacker) {
  const { victim } = attacker.world[attacker.attacked]
  const wires = Array.from({ length: CONNECTIONS }, () => attacker.wire())
  const whose = (n) => (n % KNOWN_EVERY === 0 ? victim.email : `${random(8)}@example.test`)

  /** Requests a magic link. Each stores a whole sign-in in progress, here with the largest `state` and `nonce`. */
  const magic = async (wire, n) => {
    const from = someNetwork()
    const post = await attacker.begin(wire, { from, extra: { state: word(), nonce: word() } })
    return wire.ask(post('magic-link', { email: whose(n) }))
  }

  const page = await wires[0].ask(attacker.request('GET', '/auth/forgot-password', { headers: { accept: 'text/html' } }))
  const cookie = header(page.head, 'set-cookie')?.split(';')[0]
  const csrf = /name="_csrf" value="([^"]+)"/.exec(page.body)?.[1]
  if (!cookie || !csrf) throw new Error(`no form: ${page.status} ${page.body.slice(0, 300)}`)
  const reset = (wire, n) => wire.ask(attacker.request('POST', '/auth/forgot-password', {
    from: someNetwork(), headers: { cookie, accept: 'text/html' }, fields: { _csrf: csrf, email: whose(n) },
  }))

  let next = 0
  await attacker.crowd(CONNECTIONS, async (n) => {
    const wish = [magic, reset][next % 2]
    const { status } = await wish(wires[n], next++)
    attacker.count(status)
  })
}

export const problems = (seen) => [...met(seen, 303, 5), ...only(seen, 303, 429)]
