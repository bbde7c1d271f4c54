// Request bodies that the server does not read, sent through the proxy configurations of ops/: every request is
// answered, no instance is considered dead, and other callers are unaffected (RFC 9112 §9.6).

import assert from 'node:assert/strict'
import net from 'node:net'
import tls from 'node:tls'
import { after, before, describe, test } from 'node:test'
import { client } from './lib/fixtures.mjs'
import { request, someAddress } from './lib/http.mjs'
import { Porta, freePort, sleep } from './lib/porta.mjs'
import { ReverseProxy } from './lib/proxies.mjs'
import { basic } from './lib/rp.mjs'

const ATTACK_MS = 3_000
const EVERY_MS = 50
const INNOCENT_MS = 20

/** The requests of an attacker, and the right status of each. */
const ATTACKS = [
  ['POST', '/demo/token', 413],
  ['POST', '/demo/nothing', 404],
  ['GET', '/demo/nothing', 404],
  ['PUT', '/demo/jwks', 405],
  ['DELETE', '/demo/auth', 405],
  ['POST', '/nobody/token', 404],
  ['PATCH', '/nobody/jwks', 404],
  ['GET', '/demo/jwks', 200],
  ['POST', '/health', 405],
]

let instances
let https
before(async () => {
  https = await freePort()
  const env = { TRUST_PROXY: 'true', TRUST_PROXY_CIDRS: '127.0.0.1/32' }
  const one = (n) => Porta.start({ name: `unread-${n}`, base: `https://localhost:${https}`, env })
  instances = [await one(1), await one(2)]
})
after(async () => {
  for (const instance of instances ?? []) await instance.end()
})

for (const kind of ['nginx', 'apache2', 'caddy']) {
  for (const count of kind === 'apache2' ? [1] : [1, 2]) {
    for (const lax of [false, true]) {
      describe(`${kind}, ${count} behind it${lax ? ', a megabyte let through' : ''}`, () => {
        let proxy
        before(async () => {
          const up = instances.slice(0, count).map(({ port }) => `127.0.0.1:${port}`)
          proxy = await ReverseProxy.start(kind, up, { https, lax })
        })
        after(() => proxy?.stop())

        const send = (method, path, options) => request(`https://localhost:${https}${path}`, { ca: proxy.ca, method, timeout: 15_000, ...options })
        const sendPlain = (method, path, options) => request(`http://localhost:${proxy.http}${path}`, { method, timeout: 15_000, ...options })

        test('every refused body is answered', async () => {
          for (const size of [2_000, 56_000, 900_000]) {
            for (const [method, path, status] of ATTACKS) {
              const answer = await send(method, path, { body: Buffer.alloc(size, 'x') }).catch((error) => ({ status: error.code }))
              const expected = size > 57_344 && !lax ? ours(status) : [size > 57_344 || path !== '/demo/token' ? status : 400]
              assert.ok(expected.includes(answer.status), `${method} ${path} with ${size}: ${answer.status} ${answer.body ?? ''}`)
            }
          }
        })

        // A proxy that refuses a large body itself may answer 413 or close the connection; Porta must not cause a 502.
        const ours = (status) => [status, 413, 'ECONNRESET', 'EPIPE']

        test('over plain http every body gets the redirect', async () => {
          for (const size of [2_000, 56_000, 900_000]) {
            for (const [method, path] of ATTACKS) {
              const answer = await sendPlain(method, path, { body: Buffer.alloc(size, 'x') }).catch((error) => ({ status: error.code }))
              const expected = size > 57_344 ? [...ours(301), 308] : [301, 308]
              assert.ok(expected.includes(answer.status), `${method} ${path} with ${size}: ${answer.status} ${answer.body ?? ''}`)
            }
          }
        })

        test('nobody else notices', async () => {
          const over = Date.now() + ATTACK_MS
          const attacked = []
          const attack = async () => {
            for (let n = 0; Date.now() < over; n++) {
              const [method, path] = ATTACKS[n % ATTACKS.length]
              const size = [60_000, 900_000][n % 2]
              attacked.push(send(method, path, { body: Buffer.alloc(size, 'x') }).catch((error) => ({ status: error.code })))
              attacked.push(sendPlain(method, path, { body: Buffer.alloc(size, 'x') }).catch((error) => ({ status: error.code })))
              attacked.push(chunked(proxy, method, path))
              attacked.push(leaves(proxy, method, path))
              await sleep(EVERY_MS)
            }
          }
          const failed = []
          let served = 0
          const innocent = async (one) => {
            while (Date.now() < over) {
              const answer = await one().catch((error) => ({ status: error.code }))
              if (answer.status === 200) served++
              else failed.push(`${answer.status} ${answer.body ?? ''}`)
              await sleep(INNOCENT_MS)
            }
          }
          const machine = client('e2e-machine')
          const token = () => send('POST', '/demo/token', {
            from: someAddress(), fields: { grant_type: 'client_credentials' },
            headers: { authorization: basic(machine.id, machine.secret) },
          })
          await Promise.all([attack(), innocent(() => send('GET', '/demo/jwks')), innocent(token)])
          assert.deepEqual(failed.slice(0, 5), [], `${failed.length} failed, ${served} served\n${proxy.output.slice(-2_000)}`)
          assert.ok(served > 5, `${served} served`)
          const bad = (await Promise.all(attacked)).filter(({ status }) => status >= 500)
          assert.deepEqual(bad.slice(0, 3).map(String), [], 'an attacker was told that a server failed')
        })
      })
    }
  }
}

/** Opens a connection through the proxy and sends the first lines of a request. */
function begin(proxy, head) {
  const socket = tls.connect({ host: '127.0.0.1', port: proxy.https, servername: 'localhost', ca: proxy.ca })
  socket.on('error', () => {})
  socket.write(`${head}\r\nHost: localhost:${proxy.https}\r\n`)
  return socket
}

/** Sends a whole chunked body. */
function chunked(proxy, method, path) {
  return new Promise((answered) => {
    const socket = begin(proxy, `${method} ${path} HTTP/1.1`)
    socket.write('Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n')
    for (let n = 0; n < 80; n++) socket.write(`3e8\r\n${'x'.repeat(1000)}\r\n`)
    socket.write('0\r\n\r\n')
    let text = ''
    socket.on('data', (part) => (text += part))
    socket.setTimeout(10_000, () => socket.destroy())
    socket.on('close', () => answered({ status: Number(text.split(' ')[1] ?? 0), toString: () => `${method} ${path} chunked: ${text.slice(0, 200)}` }))
  })
}

/** Closes the connection in the middle of a body. */
async function leaves(proxy, method, path) {
  const socket = begin(proxy, `${method} ${path} HTTP/1.1`)
  socket.write(`Content-Length: 50000\r\n\r\n${'x'.repeat(20_000)}`)
  await sleep(200)
  socket.destroy()
  return { status: 0 }
}

test('a server reached without a proxy answers a refused body, too', async () => {
  const [{ port }] = instances
  for (const [method, path, status] of ATTACKS) {
    const text = await new Promise((answered, failed) => {
      const socket = net.connect(port, '127.0.0.1')
      let answer = ''
      socket.on('data', (part) => (answer += part)).on('end', () => answered(answer)).on('error', failed)
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n`)
      socket.write('x'.repeat(900_000))
    })
    assert.ok(text.startsWith(`HTTP/1.1 ${status} `), `${method} ${path}: ${text.slice(0, 200)}`)
    assert.match(text, /\r\nconnection: close\r\n/)
  }
})
