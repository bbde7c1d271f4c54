import { random } from '../../lib/rp.mjs'
import { met, only, someNetwork } from '../attacker.mjs'

export const name = 'sign-ins that do not wait as told'

/** As many as in the flood of `make bench`; the hash queue has 96 places on two cores (48 per thread). */
const CONNECTIONS = Number(process.env.ABUSE_BROWSERS ?? 200)

export async function attack(attacker) {
  const wires = Array.from({ length: CONNECTIONS }, () => attacker.wire())
  const posts = []
  await attacker.crowd(CONNECTIONS, async (n) => {
    posts[n] ??= await attacker.begin(wires[n], { from: someNetwork() })
    const answer = await wires[n].ask(posts[n]('login', { email: `${random(8)}@example.test`, password: random(12) }, someNetwork()))
    attacker.count(attacker.outcome(answer))
  })
}

export const problems = (seen) => [...met(seen, 'refused', 2), ...met(seen, 503, 5), ...only(seen, 'refused', 503)]
