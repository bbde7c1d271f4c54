// The proxy configurations of ops/, each with its program: a sign-in over TLS, what callers must not get past the
// proxy, and instances that fail.

import assert from 'node:assert/strict'
import http from 'node:http'
import tls from 'node:tls'
import { after, before, describe, test } from 'node:test'
import { user } from './lib/fixtures.mjs'
import { request, someAddress } from './lib/http.mjs'
import { Porta, eventually, freePort, sleep } from './lib/porta.mjs'
import { ReverseProxy } from './lib/proxies.mjs'
import { Rp, basic, random } from './lib/rp.mjs'

for (const kind of ['nginx', 'apache2', 'caddy']) {
  describe(kind, () => {
    let porta
    let proxy
    let ca

    before(async () => {
      const https = await freePort()
      porta = await Porta.start({
        name: `behind-${kind}`,
        base: `https://localhost:${https}`,
        env: {
          TRUST_PROXY: 'true',
          TRUST_PROXY_CIDRS: '127.0.0.1/32',
          METRICS_ENABLED: 'true',
          OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        },
      })
      proxy = await ReverseProxy.start(kind, [`127.0.0.1:${porta.port}`], { https })
      ca = proxy.ca
    })
    after(async () => {
      await proxy?.stop()
      await porta?.end()
    })

    const relyingParty = (id = 'e2e-es256', options = {}) =>
      new Rp(porta.issuer(), id, { ca, from: someAddress(), ...options })
    const at = (path, options = {}) => request(`${porta.base}${path}`, { ca, ...options })

    test('a whole sign-in over TLS', async () => {
      const rp = relyingParty()
      const metadata = await rp.metadata()
      assert.equal(metadata.issuer, `${porta.base}/demo`)
      for (const [name, url] of Object.entries(metadata)) {
        if (name.endsWith('_endpoint') || name === 'jwks_uri') assert.ok(url.startsWith(`${porta.base}/`), `${name}: ${url}`)
      }
      const flow = await rp.signIn(rp.agent(), user('ada'), { scope: 'openid email' })
      assert.ok((await rp.verifyIdToken(flow.tokens.id_token, { nonce: flow.nonce })).payload.sub)
    })

    test('the largest sign-in there may be gets through, with its cookies', async () => {
      // docs/security.md, "Sizes": 1,024 characters each. Random, so that nothing can compress them.
      const [state, nonce] = [random(768), random(768)]
      const claims = JSON.stringify({ userinfo: { ['c'.repeat(90)]: null } })
      const rp = relyingParty()
      const agent = rp.agent()
      const begun = await agent.open((await rp.authorization({ state, nonce, claims })).url)
      assert.ok(begun.isLogin, String(begun))
      const flow = await rp.signIn(agent, user('ada'), { state, nonce, claims })
      await rp.verifyIdToken(flow.tokens.id_token, { nonce })
    })

    test('cookies are Secure and HSTS is on', async () => {
      const { url } = await relyingParty().authorization()
      const answer = await request(url, { ca })
      const cookies = [answer.headers['set-cookie'] ?? []].flat()
      assert.ok(cookies.length > 0, String(answer))
      for (const cookie of cookies) assert.match(cookie, /; Secure/i)
      assert.match(answer.headers['strict-transport-security'] ?? '', /max-age=31536000/)
    })

    test('limits count the caller, not the proxy, and not what the caller claims', async () => {
      const rp = relyingParty('e2e-second')
      const url = (await rp.metadata()).token_endpoint
      let limited = 0
      let attempts = 0
      while (!limited && attempts++ < 150) {
        const forged = { 'x-forwarded-for': someAddress(), 'x-real-ip': someAddress(), forwarded: `for=${someAddress()}` }
        const answer = await rp.post(url, { grant_type: 'client_credentials' }, {
          headers: { authorization: basic(rp.client.id, 'wrong'), ...forged },
        })
        if (answer.status === 429) limited = attempts
        else assert.equal(answer.status, 401, String(answer))
      }
      assert.ok(limited, `never limited: a forged address was believed\n${porta.tail()}`)
      const other = await relyingParty('e2e-second').token({ grant_type: 'client_credentials' })
      assert.equal(other.status, 200, `another address is free: ${other}`)
    })

    test('the caller does not choose the request id', async () => {
      const chosen = '11111111-2222-4333-8444-555555555555'
      const answer = await at('/health', { headers: { 'x-request-id': chosen } })
      assert.ok(answer.headers['x-request-id'])
      assert.notEqual(answer.headers['x-request-id'], chosen)
      const direct = await porta.get('/health', { headers: { 'x-request-id': chosen } })
      assert.equal(direct.headers['x-request-id'], chosen, 'from the proxy it is taken, so the check above can fail')
    })

    test('the caller does not choose what is traced', async () => {
      const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
      const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` }
      const logged = async (answer) => {
        assert.equal(answer.status, 200, String(answer))
        const ofIt = (line) => line.includes(answer.headers['x-request-id']) && line.includes('trace_id')
        return eventually('the request is in the log', () => porta.logged.split('\n').find(ofIt), { seconds: 10 })
      }
      assert.ok(!(await logged(await at('/health', { headers }))).includes(trace))
      assert.ok((await logged(await porta.get('/health', { headers }))).includes(trace), 'from the proxy it is taken, so the check above can fail')
    })

    test('a forged host or scheme changes no address', async () => {
      const answer = await at('/demo/.well-known/openid-configuration', {
        headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' },
      })
      assert.equal(answer.status, 200, String(answer))
      assert.ok(!answer.body.includes('evil.example'))
      assert.equal(answer.json().issuer, `${porta.base}/demo`)
    })

    for (const path of ['/metrics', '/metrics?x=1', '//metrics', '/%6Detrics', '/./metrics', '/demo/../metrics', '/metrics/']) {
      test(`metrics stay inside: ${path}`, async () => {
        const direct = await porta.get('/metrics')
        assert.equal(direct.status, 200, `there is something to hide: ${direct.status}`)
        const answer = await raw(proxy, path)
        assert.match(answer, /^HTTP\/1\.1 (301|308|400|403|404) /, answer.slice(0, 300))
        assert.ok(!answer.includes('porta_http_requests_total'), answer.slice(0, 300))
      })
    }

    for (const path of ['/ready', '/ready?x=1', '//ready', '/%72eady', '/./ready', '/demo/../ready', '/ready/']) {
      test(`readiness stays inside: ${path}`, async () => {
        assert.match((await porta.get('/ready')).body, /"checks"/)
        const answer = await raw(proxy, path)
        assert.match(answer, /^HTTP\/1\.1 (301|308|400|403|404) /, answer.slice(0, 300))
        assert.ok(!answer.includes('"checks"'), answer.slice(0, 300))
      })
    }

    test('health can be asked from outside', async () => {
      assert.equal((await at('/health')).status, 200)
    })

    test('what is too large does not get in', async () => {
      const fields = { grant_type: 'client_credentials', padding: 'x'.repeat(56 << 10) }
      const answer = await at('/demo/token', { method: 'POST', fields })
      assert.equal(answer.status, 413, String(answer))
    })

    test('what Porta takes does', async () => {
      const fields = { grant_type: 'client_credentials', padding: 'x'.repeat((56 << 10) - 100) }
      const answer = await at('/demo/token', { method: 'POST', fields })
      assert.match(answer.body, /client authentication is missing/)
    })

    const signOut = (state) => raw(proxy, `/demo/session/end?client_id=e2e-conformance-1&post_logout_redirect_uri=${
      encodeURIComponent('https://rp.example.test/after-logout')}&state=${state}`)

    test('the largest answer gets through: a sign-out with all the state there may be', async () => {
      const answer = await signOut('~'.repeat(4096))
      assert.match(answer, /^HTTP\/1\.1 303 /, answer.slice(0, 300))
      const location = /^location: (.*)$/im.exec(answer)[1].trim()
      assert.equal(location, `https://rp.example.test/after-logout?state=${'%7E'.repeat(4096)}`)
    })

    test('what is more than that is refused by Porta, not by the proxy', async () => {
      const answer = await signOut('~'.repeat(4097))
      assert.match(answer, /^HTTP\/1\.1 400 /, answer.slice(0, 300))
      assert.match(answer, /^content-security-policy: /im)
    })

    test('no version is told', async () => {
      for (const path of ['/demo/jwks', '/metrics', '/nothing']) {
        assert.doesNotMatch((await at(path)).headers.server ?? '', /[0-9(]/, path)
      }
    })

    test('plain http is sent to https', async () => {
      const answer = await request(`http://localhost:${proxy.http}/demo`)
      assert.ok([301, 308].includes(answer.status), String(answer))
      assert.match(answer.headers.location, /^https:\/\/(localhost|id\.example\.com)/)
    })
  })
}

for (const kind of ['nginx', 'apache2', 'caddy']) {
  test(`${kind}: no header that Porta believes is the caller's`, async () => {
    const forged = Object.fromEntries(
      ['forwarded', 'traceparent', 'tracestate', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'x-request-id']
        .map((name) => [name, 'forged']),
    )
    await behind(kind, [(incoming, outgoing) => outgoing.end(JSON.stringify(incoming.headers))], async (send) => {
      for (const method of ['GET', 'POST']) {
        const answer = await send(method, { ...forged, 'x-other': 'passed on' })
        const arrived = answer.json()
        assert.equal(arrived['x-other'], 'passed on', 'the check below can fail')
        for (const name of Object.keys(forged)) assert.notEqual(arrived[name], 'forged', `${method}: ${name}`)
        for (const name of ['forwarded', 'traceparent', 'tracestate']) assert.equal(arrived[name], undefined, `${method}: ${name}`)
        assert.equal(arrived['x-forwarded-for'], '127.0.0.1', method)
        assert.equal(arrived['x-forwarded-proto'], 'https', method)
      }
    })
  })
}

// Bytes of the status line and all headers; see `largest_answers` in the tests of crates/http.
const LARGEST = 16 << 10

for (const kind of ['nginx', 'apache2', 'caddy']) {
  test(`${kind}: headers get through up to ${LARGEST} bytes`, async () => {
    // Node adds about 150 bytes of headers.
    const location = `https://rp.example.test/?state=${'%7E'.repeat((LARGEST - 400) / 3)}`
    await behind(kind, [(_, outgoing) => outgoing.writeHead(303, { location }).end()], async (_, __, proxy) => {
      const answer = await raw(proxy, '/demo/x')
      assert.match(answer, /^HTTP\/1\.1 303 /, answer.slice(0, 300))
      assert.equal(/^location: (.*)$/im.exec(answer)[1].trim(), location)
    })
  })
}

// What Porta takes, as each file says it.
const BODY_LIMIT = 57_344

for (const kind of ['nginx', 'apache2', 'caddy']) {
  test(`${kind}: a larger body than Porta takes is refused by the proxy itself`, async () => {
    const post = (proxy, size) => request(`https://localhost:${proxy.https}/demo/x`, {
      ca: proxy.ca, method: 'POST', body: Buffer.alloc(size, 'x'),
    })
    await behind(kind, [fine], async (_, [server], proxy) => {
      assert.equal((await post(proxy, BODY_LIMIT)).body, 'fine')
      assert.equal(server.seen, 1)
      const answer = await post(proxy, BODY_LIMIT + 1)
      assert.equal(answer.status, 413, String(answer))
      assert.equal(server.seen, 1, 'nothing of it arrived')
    })
    await behind(kind, [fine], async (_, __, proxy) => {
      assert.equal((await post(proxy, BODY_LIMIT + 1)).body, 'fine', 'it is the limit in the file that refuses')
    }, { lax: true })
  })
}

test('nginx: of one address a hundred requests are served at a time, and more are refused', async () => {
  let release
  const released = new Promise((done) => (release = done))
  const held = async (incoming, outgoing) => {
    incoming.resume()
    await released
    outgoing.end('served')
  }
  await behind('nginx', [held], async (send, [server]) => {
    const served = Promise.all(Array.from({ length: 100 }, () => send('POST')))
    try {
      await eventually('a hundred are under way', () => server.seen === 100, { seconds: 20 })
      for (const method of ['GET', 'POST']) {
        const answer = await send(method)
        assert.equal(answer.status, 429, `${method}: ${answer}`)
      }
      assert.equal(server.seen, 100, 'nginx refused by itself')
    } finally {
      release()
    }
    for (const answer of await served) assert.equal(answer.body, 'served', String(answer))
    assert.equal((await send('GET')).body, 'served', 'there is room again')
  })
})

for (const kind of ['nginx', 'caddy']) {
  test(`${kind}: an instance that dies in a request costs no GET, and no POST arrives twice`, async () => {
    const dying = await upstream((incoming) => incoming.socket.destroy())
    const fine = await upstream((incoming, outgoing) => incoming.resume().on('end', () => outgoing.end('fine')))
    const proxy = await ReverseProxy.start(kind, [dying.address, fine.address])
    const send = (method) => request(`https://localhost:${proxy.https}/demo/x`, { ca: proxy.ca, method, body: method === 'POST' ? 'a=b' : undefined })
    try {
      for (const method of ['GET', 'POST']) {
        dying.seen = fine.seen = 0
        let sent = 0
        let refused = 0
        // Goes on until the dying instance was asked twice, because the proxy decides which instance it asks.
        for (const end = Date.now() + 30_000; dying.seen < 2 && Date.now() < end; sent++) {
          const { status } = await send(method)
          if (status !== 200) refused++
          await sleep(100)
        }
        assert.ok(dying.seen > 0, 'the dying instance was met')
        if (method === 'GET') assert.equal(refused, 0, 'every GET was answered by the other instance')
        else assert.equal(dying.seen + fine.seen, sent, `${refused} refused; each of ${sent} arrived once`)
      }
    } finally {
      await proxy.stop()
      dying.server.close()
      fine.server.close()
    }
  })
}

test('apache2: nothing arrives twice', async () => {
  await behind('apache2', [(incoming) => incoming.socket.destroy()], async (send, [dying]) => {
    for (const method of ['GET', 'POST', 'GET', 'POST']) {
      const { status } = await send(method)
      assert.ok([502, 503].includes(status), `${method}: ${status}`)
    }
    assert.equal(dying.seen, 4)
  })
})

const fine = (incoming, outgoing) => incoming.resume().on('end', () => outgoing.end('fine'))
const pause = (_, outgoing) => outgoing.writeHead(503, { 'retry-after': '2' }).end('a pause')

for (const [what, faulty] of [['is silent', () => {}], ['pauses', pause], ['has nobody behind it', (_, outgoing) => outgoing.writeHead(502).end()]]) {
  test(`nginx: a GET goes to another instance soon when one ${what}`, async () => {
    await behind('nginx', [faulty, fine], async (send, [first]) => {
      // Goes on until the faulty instance was asked twice, because nginx decides which instance it asks. The silent one
      // costs two seconds each time (proxy_read_timeout).
      for (const end = Date.now() + 30_000; first.seen < 2 && Date.now() < end; await sleep(100)) {
        const begun = performance.now()
        const answer = await send('GET')
        assert.equal(answer.body, 'fine', String(answer))
        assert.ok(performance.now() - begun < 3_000)
      }
      assert.ok(first.seen > 1, 'the faulty instance was met')
    })
  })
}

for (const kind of ['nginx', 'caddy']) {
  test(`${kind}: one broken exchange is not the end of an instance`, async () => {
    const breaks = (incoming, outgoing) => (incoming.method === 'PUT' ? incoming.socket.destroy() : fine(incoming, outgoing))
    await behind(kind, [breaks, breaks], async (send) => {
      for (let round = 0; round < 20; round++) {
        const broken = await send('PUT')
        assert.equal(broken.status, 502, String(broken))
        for (const method of ['GET', 'POST']) assert.equal((await send(method)).body, 'fine', `${method}, round ${round}`)
      }
    })
  })
}

test('nginx: when every instance pauses, the caller is told so by Porta', async () => {
  await behind('nginx', [pause, pause], async (send) => {
    for (const method of ['GET', 'GET', 'GET', 'POST', 'GET', 'POST']) {
      const answer = await send(method)
      assert.equal(answer.status, 503, String(answer))
      assert.equal(answer.headers['retry-after'], '2')
      assert.equal(answer.body, 'a pause')
    }
  })
})

/** As when Redis is away: Porta is not ready, but answers the requests that it can. */
const notReady = (_, outgoing) => outgoing.writeHead(503).end('{"status":"not_ready"}')

for (const [kind, count] of [['nginx', 2], ['apache2', 1], ['caddy', 2]]) {
  test(`${kind}: when no instance is ready, they are asked all the same`, async () => {
    const headers = { 'x-real-ip': 'forged', forwarded: 'for=forged', traceparent: 'forged' }
    const told = (incoming, outgoing) => incoming.resume().on('end', () => outgoing.end(JSON.stringify(incoming.headers)))
    await behind(kind, Array(count).fill(told), async (send, servers) => {
      for (const server of servers) server.ready = notReady
      const asked = servers.map(({ checks }) => checks)
      // Caddy has a health check every two seconds (health_interval). The others have none.
      if (kind === 'caddy') await eventually('each was asked', () => servers.every(({ checks }, n) => checks > asked[n] + 1), { seconds: 15 })
      for (let round = 0; round < 8; round++) {
        for (const method of ['GET', 'POST']) {
          const begun = performance.now()
          const answer = await send(method, headers)
          assert.equal(answer.status, 200, `${method}: ${answer}`)
          assert.ok(performance.now() - begun < 2_000, `${method} took ${performance.now() - begun} ms`)
          const arrived = answer.json()
          for (const name of Object.keys(headers)) assert.notEqual(arrived[name], headers[name], `${method}: ${name}`)
        }
      }
      for (const { seen } of servers) assert.ok(seen > 0, 'everybody has a share')
      if (kind !== 'caddy') return
      const [first, second] = servers
      first.ready = ready
      await eventually('the first one is found ready', async () => {
        const before = second.seen
        for (let n = 0; n < 6; n++) await send('GET')
        return second.seen === before
      }, { seconds: 15 })
    })
  })
}

test('nginx: an instance that is alone is waited for', async () => {
  const slow = async (incoming, outgoing) => {
    await sleep(3_000)
    outgoing.end('at last')
  }
  await behind('nginx', [slow], async (send) => {
    for (const method of ['GET', 'POST']) assert.equal((await send(method)).body, 'at last', method)
  })
})

test('nginx: only a GET uses a connection that was kept', async () => {
  await behind('nginx', [port], async (send) => {
    const kept = (await send('GET')).body
    assert.equal((await send('GET')).body, kept)
    const posts = [(await send('POST')).body, (await send('POST')).body]
    assert.equal(new Set([kept, ...posts]).size, 3)
    assert.equal((await send('GET')).body, kept)
  })
})

// Porta closes a connection that was idle for KEEP_ALIVE_SECONDS, even if a request is on its way, so a proxy must stop
// using it earlier. The files of ops/ keep idle connections for 20 seconds.
test('no kept connection is used after 21 idle seconds, and no body is waited for that long', async () => {
  await Promise.all(['nginx', 'apache2', 'caddy'].map((kind) => behind(kind, [port], async (send, _, proxy) => {
    const kept = (await send('GET')).body
    assert.equal((await send('GET')).body, kept, `${kind} keeps connections, so the check below can fail`)
    const [ended] = await Promise.all([unfinished(proxy), sleep(21_000)])
    assert.ok(ended < 20_000, `${kind} waited ${ended} ms for a body`)
    assert.notEqual((await send('GET')).body, kept, kind)
  })))
})

for (const kind of ['nginx', 'apache2', 'caddy']) {
  test(`${kind}: what a link that works once is worth is in no log`, async () => {
    const breaks = (incoming) => incoming.socket.destroy()
    const gone = async (ask) => {
      const proxy = await ReverseProxy.start(kind, ['127.0.0.1:9'])
      await ask((path, options) => request(`https://localhost:${proxy.https}${path}`, { ca: proxy.ca, ...options }), [], proxy).finally(() => proxy.stop())
    }
    for (const serve of [(ask) => behind(kind, [fine], ask), (ask) => behind(kind, [breaks], ask), gone]) {
      await serve(async (_, __, proxy) => {
        const secret = (n) => `hush${n}${'x'.repeat(39)}`
        const links = [
          '/demo/auth/reset-password/', '/demo/auth/accept-invite/', '/demo/auth/verify-email/', '/demo/interaction/',
          `/demo/interaction/${secret(7)}/magic-link/`, '/demo/auth/', '/demo/auth?state=', '/demo/session/end?id_token_hint=',
        ].map((path, n) => `${path}${secret(n)}`)
        const all = [...links, ...links.map((link) => `${link}${link.includes('?') ? '&' : '?'}again=${secret(8)}`)]
        const headers = { referer: `https://localhost/demo/auth/reset-password/${secret(9)}?x=${secret(9)}` }
        await Promise.all(all.flatMap((link) => [
          request(`https://localhost:${proxy.https}${link}`, { ca: proxy.ca, headers }),
          request(`https://localhost:${proxy.https}${link}`, { ca: proxy.ca, headers, fields: { password: secret(9) } }),
          request(`http://localhost:${proxy.http}${link}`, { headers }),
        ]))
        const log = await eventually('the requests are in the log', () => {
          const text = proxy.logged()
          // Caddy has no access log; it logs only failed requests.
          return (kind === 'caddy' && serve !== gone ? true : text.includes('/demo/auth/reset-password/*')) && text
        }, { seconds: 10 })
        const found = log.split('\n').filter((line) => line.includes('hush'))
        assert.deepEqual(found.slice(0, 3), [])
      })
    }
  })
}

/** Answers with the client port, which identifies the connection. */
function port(incoming, outgoing) {
  incoming.resume().on('end', () => outgoing.end(String(incoming.socket.remotePort)))
}

/**
 * Runs `body(send, servers, proxy)`: `send` sends requests through the proxy to servers, one for each of `answers`.
 * `options` are those of `ReverseProxy.start`.
 */
async function behind(kind, answers, body, options) {
  const servers = await Promise.all(answers.map(upstream))
  const proxy = await ReverseProxy.start(kind, servers.map(({ address }) => address), options)
  for (const server of servers) server.seen = 0
  const send = (method, headers) => request(`https://localhost:${proxy.https}/demo/x`, {
    ca: proxy.ca, method, headers, body: method === 'POST' ? 'a=b' : undefined,
  })
  try {
    await body(send, servers, proxy)
  } finally {
    await proxy.stop()
    for (const { server } of servers) server.close()
  }
}

const ready = (_, outgoing) => outgoing.end('asked by the proxy itself')

/** A server that counts requests (`seen`) and health checks (`checks`). */
async function upstream(answer) {
  const counter = { seen: 0, checks: 0, ready }
  counter.server = http.createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    if (incoming.url === '/ready') {
      counter.checks++
      return counter.ready(incoming, outgoing)
    }
    counter.seen++
    answer(incoming, outgoing)
  })
  await new Promise((listening) => counter.server.listen(0, '127.0.0.1', listening))
  counter.address = `127.0.0.1:${counter.server.address().port}`
  return counter
}

/** Requests a path unchanged; URL would normalise it. */
function raw(proxy, path) {
  return new Promise((answered, failed) => {
    const socket = tls.connect({ host: '127.0.0.1', port: proxy.https, servername: 'localhost', ca: proxy.ca }, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost:${proxy.https}\r\nConnection: close\r\n\r\n`)
    })
    let text = ''
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (part) => (text += part))
    socket.on('end', () => answered(text))
    socket.on('error', failed)
  })
}

/** Milliseconds until the proxy ends a request whose body never completes. */
function unfinished(proxy) {
  const begun = performance.now()
  return new Promise((ended, failed) => {
    const socket = tls.connect({ host: '127.0.0.1', port: proxy.https, servername: 'localhost', ca: proxy.ca }, () => {
      socket.write(`POST /demo/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nbegun`)
    })
    const end = () => {
      socket.destroy()
      ended(Math.round(performance.now() - begun))
    }
    socket.setTimeout(40_000, () => socket.destroy(new Error('no answer')))
    for (const event of ['data', 'end']) socket.on(event, end)
    socket.on('error', failed)
  })
}
