// TLS in front of Porta, as in production: a temporary certificate authority, and a reverse proxy that sets
// X-Forwarded-For and X-Forwarded-Proto.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate authority and a certificate for localhost, valid for a day. */
export async function certificates() {
  const dir = mkdtempSync(join(tmpdir(), 'porta-e2e-ca-'))
  const at = (name) => join(dir, name)
  const openssl = (...args) => run('openssl', args)
  try {
    writeFileSync(at('leaf.ext'), [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ].join('\n'))
    await openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
      '-subj', '/CN=Porta e2e authority', '-addext', 'keyUsage=critical,keyCertSign,cRLSign',
      '-keyout', at('ca.key'), '-out', at('ca.pem'))
    await openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
      '-keyout', at('leaf.key'), '-out', at('leaf.csr'))
    await openssl('x509', '-req', '-in', at('leaf.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'),
      '-CAcreateserial', '-days', '1', '-extfile', at('leaf.ext'), '-out', at('leaf.pem'))
    const read = (name) => readFileSync(at(name), 'utf8')
    return { ca: read('ca.pem'), cert: read('leaf.pem'), key: read('leaf.key') }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Starts a proxy on `port` for a server on the loopback port `target`. */
export function startProxy({ cert, key, port, target }) {
  const proxy = https.createServer({ cert, key }, (incoming, outgoing) => {
    const before = incoming.headers['x-forwarded-for']
    const from = incoming.socket.remoteAddress
    const forward = http.request({
      host: '127.0.0.1',
      port: target,
      method: incoming.method,
      path: incoming.url,
      headers: {
        ...incoming.headers,
        'x-forwarded-for': before ? `${before}, ${from}` : from,
        'x-forwarded-proto': 'https',
      },
      agent: false,
    })
    forward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    forward.on('error', () => {
      if (!outgoing.headersSent) outgoing.writeHead(502)
      outgoing.end()
    })
    incoming.pipe(forward)
  })
  return new Promise((started, failed) => {
    proxy.on('error', failed)
    proxy.listen(port, '127.0.0.1', () => {
      started({ port, close: () => new Promise((closed) => proxy.close(closed)) })
    })
  })
}
