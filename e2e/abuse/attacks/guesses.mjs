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
    const isRight = ++guesses % RIGHT_EVERY === 0 && attacker.statuses[200] > SURELY_LOCKED
    const guess = isRight ? password : `wrong-${guesses}`
    const { status } = await wires[n].ask(post('login', { email, password: guess }, someNetwork()))
    attacker.count(status)
    if (status === 303) attacker.refute(`guess ${guesses}, ${isRight ? 'the right one of a locked account' : 'a wrong one'}, was let in`)
  })
}

export const problems = (seen) => [...met(seen, 200, 2), ...met(seen, 429, 1), ...only(seen, 200, 429, 503)]
