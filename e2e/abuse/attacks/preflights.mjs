import { random } from '../../lib/rp.mjs'
import { met, only, stranger } from '../attacker.mjs'
import { bytes } from '../wire.mjs'

export const name = 'preflights with many and large origins'

const CONNECTIONS = 32
/** A longer `Origin` is refused before any lookup: docs/security.md, "Promises". */
const LONGEST_ORIGIN = 300
/** The headers of a request may have 32 KiB in total. */
const LARGE_ORIGIN = 31_000
const PATHS = ['/token', '/me', '/token/introspection', '/token/revocation']

/** Labels of a host name. */
const LABELS = Array.from({ length: 4 }, () => `${random(45).toLowerCase().replaceAll(/[_-]/g, 'x')}.`).join('')
const LARGE = 'o'.repeat(LARGE_ORIGIN)

/** A new origin for each call. */
function origin(n, length) {
  const unheard = `https://o${n.toString(36)}-${Date.now().toString(36)}.`
  return length ? `${unheard}${length > LONGEST_ORIGIN ? LARGE : LABELS}`.slice(0, length - '.example'.length) + '.example' : `${unheard}example`
}

const LENGTHS = [0, 0, LONGEST_ORIGIN, 0, LARGE_ORIGIN]

export async function attack(attacker) {
  const wires = Array.from({ length: CONNECTIONS }, (_, n) => attacker.wire({ from: stranger(n % 8) }))
  let next = 0
  const ask = (length, n) => attacker.request('OPTIONS', PATHS[n % PATHS.length], {
    headers: { origin: origin(n, length), 'access-control-request-method': 'POST' },
  })
  await attacker.crowd(CONNECTIONS, (n) => {
    const requests = LENGTHS.map((length) => ask(length, next++))
    // One request to an organization that does not exist.
    requests.push(bytes('OPTIONS', `/o${(next++).toString(36)}/token`, { host: attacker.host, origin: origin(next, 0) }))
    return wires[n].flood(Buffer.concat(requests), requests.length, (status, head) => {
      attacker.count(status)
      if (/^access-control-allow-origin:/im.test(head)) attacker.refute(head.slice(0, 300))
    })
  })
}

export const problems = (seen) => [...met(seen, 204, 50), ...met(seen, 404, 10), ...only(seen, 204, 404)]
