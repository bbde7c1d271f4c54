// The client against a server that gives the replies of a list.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { ApiError, NoAnswer, answer, createPortaClient, ifMatch, rows, versioned } from '../dist/index.js'

const ORG = { path: { orgId: 'acme' } }
const USER = { data: { id: 'u', email: 'a@b.test' } }

/** A server that gives these replies one after the other, and then the last one. `undefined` closes the connection. */
async function serve(t, ...replies) {
  const received = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += chunk })
    request.on('end', () => {
      const reply = replies[Math.min(received.length, replies.length - 1)]
      received.push({ method: request.method, url: request.url, headers: request.headers, body })
      if (reply === undefined) return request.socket.destroy()
      const { status = 200, headers = {}, json } = reply
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers })
      response.end(json === undefined ? undefined : JSON.stringify(json))
    })
  })
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.after(() => server.close())
  const baseUrl = `http://127.0.0.1:${server.address().port}/api/admin`
  const client = (more = {}) => createPortaClient({ baseUrl, retries: 2, longestWait: 0, ...more })
  return { received, client, baseUrl }
}

const create = (porta, header = {}) =>
  answer(porta.POST('/organizations/{orgId}/users', { params: { ...ORG, header }, body: { email: 'a@b.test' } }))

test('a path parameter stays in its segment', async (t) => {
  const { received, client } = await serve(t, { json: USER })
  await answer(client().GET('/users/{userId}', { params: { path: { userId: 'a b/..?c#d' } } }))
  assert.equal(received[0].url, '/api/admin/users/a%20b%2F..%3Fc%23d')
})

test('a refusal is told with all it says', async (t) => {
  const json = { error: 'Too Many Requests', message: 'Try later', status: 429 }
  const { received, client } = await serve(t, { status: 429, headers: { 'retry-after': '120', 'x-request-id': 'r-1' }, json })
  await assert.rejects(create(client()), (error) => {
    assert(error instanceof ApiError)
    assert.deepEqual([error.kind, error.retryAfter, error.requestId], ['limited', 120, 'r-1'])
    assert.equal(error.message, 'Too Many Requests: Try later')
    return true
  })
  assert.equal(received.length, 1, 'two minutes are longer than anybody waits')
})

test('a change of an older version is told with the newer one', async (t) => {
  const json = { error: 'Conflict', currentEntity: { id: 'u' }, currentETag: 'W/"u-2"' }
  const { received, client } = await serve(t, { json: USER, headers: { etag: 'W/"u-1"' } }, { status: 409, json })
  const porta = client()
  const path = { userId: 'u' }
  const { data, etag } = await versioned(porta.GET('/users/{userId}', { params: { path } }))
  assert.equal(data.email, 'a@b.test')
  const change = porta.PUT('/users/{userId}', { params: { path, header: ifMatch(etag) }, body: { locale: 'de' } })
  await assert.rejects(answer(change), { kind: 'modified', current: { entity: { id: 'u' }, etag: 'W/"u-2"' } })
  assert.equal(received[1].headers['if-match'], 'W/"u-1"')
})

test('a lost answer is asked for again with the same key', async (t) => {
  const { received, client } = await serve(t, undefined, { status: 503 }, { status: 201, json: USER })
  const porta = client()
  assert.deepEqual(await create(porta), USER)
  const keys = received.map(({ headers }) => headers['idempotency-key'])
  assert.equal(keys.length, 3)
  assert.equal(new Set(keys).size, 1)
  assert(received.every(({ body }) => body === '{"email":"a@b.test"}'))
  await create(porta)
  await create(porta, { 'Idempotency-Key': 'mine' })
  assert.notEqual(received[3].headers['idempotency-key'], keys[0])
  assert.equal(received[4].headers['idempotency-key'], 'mine')
})

test('what may have happened is not done again', async (t) => {
  const { received, client } = await serve(t, undefined)
  const path = { sessionId: 's' }
  await assert.rejects(client().DELETE('/sessions/{sessionId}', { params: { path } }), NoAnswer)
  const change = { params: { path: { userId: 'u' }, header: ifMatch('W/"u-1"') }, body: {} }
  await assert.rejects(client().PUT('/users/{userId}', change), NoAnswer)
  assert.equal(received.length, 2)
})

test('an expired token is renewed once', async (t) => {
  const refused = { status: 401, json: { error: 'Authentication required' } }
  const { received, client } = await serve(t, refused, { json: USER }, refused)
  const renewals = []
  const tokens = { token: async () => 'old', renewed: async (token) => { renewals.push(token); return 'new' } }
  await create(client({ tokens }))
  assert.deepEqual(received.map(({ headers }) => headers.authorization), ['Bearer old', 'Bearer new'])
  await assert.rejects(create(client({ tokens })), { kind: 'unauthenticated' })
  assert.deepEqual([renewals, received.length], [['old', 'old'], 4])
})

test('a redirect is not followed', async (t) => {
  const elsewhere = await serve(t, { json: USER })
  const { client } = await serve(t, { status: 307, headers: { location: `${elsewhere.baseUrl}/me` } })
  await assert.rejects(client({ tokens: { token: async () => 'x' } }).GET('/me'), NoAnswer)
  assert.equal(elsewhere.received.length, 0, 'the token would go to another server')
})

test('a silent server is given up', async (t) => {
  const { client } = await serve(t, { json: USER })
  const silent = ({ signal }) => new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  await assert.rejects(client({ fetch: silent, timeout: 5 }).GET('/me'), NoAnswer)
  const stop = new AbortController()
  const call = client({ fetch: silent }).GET('/me', { signal: stop.signal })
  stop.abort(new Error('enough'))
  await assert.rejects(call, /enough/)
})

test('rows are read page by page', async (t) => {
  const page = (ids, next) => ({ json: { data: ids.map((id) => ({ id })), hasMore: next !== null, nextCursor: next } })
  const { received, client } = await serve(t, page(['a', 'b'], 'c+1'), page([], 'c2'), page(['c'], null))
  const porta = client()
  const found = []
  for await (const { id } of rows((part) => porta.GET('/users', { params: { query: { search: 'x&y', ...part } } }))) found.push(id)
  assert.deepEqual(found, ['a', 'b', 'c'])
  assert.deepEqual(received.map(({ url }) => url.split('?')[1]),
    ['search=x%26y&limit=100', 'search=x%26y&limit=100&cursor=c%2B1', 'search=x%26y&limit=100&cursor=c2'])
})
