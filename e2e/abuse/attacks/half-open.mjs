import net from 'node:net'
import { met, only, stranger } from '../attacker.mjs'

export const name = 'half-open connections, byte by byte'

/** Together 4,000 connections, all that a process accepts: without a limit per address they starved everybody else. */
const STRANGERS = 10
const EACH = 400
/** Connections allowed per untrusted address: docs/operations.md, "Several processes behind a proxy". */
const ROOM_OF_ONE = 200
/** New connections per round, and the interval between rounds. */
const MORE = 100
const LOOK_MS = 100
/** A connection closed sooner than this was not accepted. */
const LET_IN_MS = 1_000
/** The server's time limit for receiving headers. */
const HEADERS_MS = 10_000

export async function attack(attacker) {
  const open = Array.from({ length: STRANGERS }, () => new Set())
  const beginning = `GET /${attacker.attacked}/jwks HTTP/1.1\r\nHost: ${attacker.host}\r\nX-Slow: `

  const begin = (mine, n) => {
    const socket = net.connect({ host: '127.0.0.1', port: attacker.port, localAddress: stranger(1_000 + n) })
    const begun = performance.now()
    let answer = ''
    mine.add(socket)
    socket.on('connect', () => socket.write(beginning))
    socket.on('data', (part) => (answer += part.latin1Slice(0, 12)))
    socket.on('error', () => {})
    socket.on('close', () => {
      mine.delete(socket)
      const lasted = performance.now() - begun
      if (attacker.isOver) return
      attacker.count(lasted < LET_IN_MS ? 'not let in' : answer ? `cut (${answer.slice(9, 12)})` : 'cut')
      if (lasted > HEADERS_MS * 1.5) attacker.refute(`one was heard out for ${Math.round(lasted)} ms`)
    })
    socket.begun = begun
  }

  let most = 0
  for (let look = 0; !attacker.isOver; look++) {
    const now = performance.now()
    const held = open.map((mine) => [...mine].filter((socket) => now - socket.begun > LET_IN_MS).length)
    most = Math.max(most, held.reduce((sum, count) => sum + count, 0))
    const greediest = Math.max(...held)
    if (greediest > ROOM_OF_ONE) attacker.refute(`one stranger holds ${greediest}`)
    for (const [n, mine] of open.entries()) {
      for (let more = 0; more < MORE / STRANGERS && mine.size < EACH; more++) begin(mine, n)
    }
    if (look % 10 === 0) for (const mine of open) for (const socket of mine) if (socket.writable) socket.write('x')
    await attacker.pause(LOOK_MS)
  }
  attacker.figures.held = most
  for (const mine of open) for (const socket of mine) socket.destroy()
}

export const problems = (seen) => {
  const least = ROOM_OF_ONE * STRANGERS * 0.9
  const held = seen.seconds < 20 || seen.figures.held >= least ? [] : [`at most ${seen.figures.held} were held, expected ${least}`]
  const cut = Object.keys(seen.statuses).filter((status) => status.startsWith('cut'))
  const none = seen.seconds < 20 || cut.length > 0 ? [] : ['nobody was cut']
  return [...met(seen, 'not let in', 5), ...held, ...none, ...only(seen, 'not let in', ...cut)]
}
