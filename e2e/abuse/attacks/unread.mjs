import { met, only } from '../attacker.mjs'
import { bytes } from '../wire.mjs'

export const name = 'bodies that nobody reads'

/** Ten times the load that once took a site down. */
const CONNECTIONS = 10
const EVERY_MS = 50
const SIZES = [56_000, 900_000]
const LARGEST = Buffer.alloc(Math.max(...SIZES), 'x')
const CHUNKS = 80
const CHUNKED = Buffer.concat([...Array.from({ length: CHUNKS }, () => Buffer.from(`3e8\r\n${'x'.repeat(1000)}\r\n`)), Buffer.from('0\r\n\r\n')])
const HUNG_UP_AFTER_MS = 200

const targets = (attacked) => [
  ['POST', `/${attacked}/token`], ['POST', `/${attacked}/nothing`], ['GET', `/${attacked}/nothing`], ['PUT', `/${attacked}/jwks`],
  ['DELETE', `/${attacked}/auth`], ['POST', '/nobody/token'], ['PATCH', '/nobody/jwks'], ['GET', `/${attacked}/jwks`], ['POST', '/health'],
]

/** A request with a body of `size` bytes. */
function whole(host, method, path, size) {
  return Buffer.concat([bytes(method, path, { host, 'content-length': size }), LARGEST.subarray(0, size)])
}

function chunked(host, method, path) {
  return Buffer.concat([bytes(method, path, { host, 'transfer-encoding': 'chunked' }), CHUNKED])
}

export async function attack(attacker) {
  const { host, attacked } = attacker
  const all = targets(attacked)
  const requests = all.flatMap((target) => [...SIZES.map((size) => whole(host, ...target, size)), chunked(host, ...target)])
  const wires = Array.from({ length: CONNECTIONS }, () => attacker.wire({ timeout: 15_000 }))
  let next = 0

  /** Closes the connection in the middle of a body. */
  const leave = async () => {
    const wire = attacker.wire()
    const request = whole(host, ...all[next % all.length], SIZES[0])
    const answer = wire.ask(request.subarray(0, request.length - 30_000)).catch(() => {})
    await Promise.race([answer, attacker.pause(HUNG_UP_AFTER_MS)])
    wire.close()
    attacker.count('hung up')
  }

  await attacker.crowd(CONNECTIONS, async (n) => {
    await attacker.pause(EVERY_MS)
    const request = requests[next++ % requests.length]
    if (next % 10 === 0) await leave()
    try {
      const { status, head } = await wires[n].ask(request)
      attacker.count(status)
      if (status >= 500) attacker.refute(`told that a server failed: ${head.slice(0, 300)}`)
    } catch (error) {
      // A proxy refuses a body that is too large by itself, and may cut the connection.
      attacker.count(`cut (${error.message.slice(0, 40)})`)
      wires[n].close()
    }
  })
}

const isCut = (status) => status.startsWith('cut')

export const problems = (seen) => [
  ...met(seen, 404, 5), ...met(seen, 405, 1), ...met(seen, 413, 1),
  ...only(seen, 200, 400, 404, 405, 413, 'hung up', ...Object.keys(seen.statuses).filter(isCut)),
]
