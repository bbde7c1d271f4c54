import { met, only, someNetwork } from '../attacker.mjs'

export const name = 'guesses at one password, at once and from everywhere'

const CONNECTIONS = 200
/** Five wrong passwords lock an account; after this many, the right password must be refused as well. */
const SURELY_LOCKED = 20
const RIGHT_EVERY = 20

export async function attack(attacker) {
  const { email, password } = attacker.world[attacker.attacked].victim
  const first = attacker.wire()
  // Many programs share the cookies of one browser, but each request comes from another network.
  const post = await attacker.begin(first)
  first.close()
  const wires = Array.from({ length: CONNECTIONS }, () => attacker.wire())
  let guesses = 0
  await attacker.crowd(CONNECTIONS, async (n) => {
    const isRight = ++guesses % RIGHT_EVERY === 0 && attacker.statuses.refused > SURELY_LOCKED
    const guess = isRight ? password : `wrong-${guesses}`
    const outcome = attacker.outcome(await wires[n].ask(post('login', { email, password: guess }, someNetwork())))
    attacker.count(outcome)
    if (outcome === 303) attacker.refute(`guess ${guesses}, ${isRight ? 'the right one of a locked account' : 'a wrong one'}, was let in`)
  })
}

export const problems = (seen) => [...met(seen, 'refused', 2), ...met(seen, 429, 1), ...only(seen, 'refused', 429, 503)]
