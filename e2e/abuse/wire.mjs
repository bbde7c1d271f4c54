// HTTP/1.1 on a keep-alive connection, with requests serialized beforehand, so that an attack costs the server's time
// and not the attacker's.

import net from 'node:net'
import tls from 'node:tls'

const NOTHING = Buffer.alloc(0)

/** The bytes of a request. */
export function bytes(method, path, headers = {}, body = '') {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const isSaid = 'content-length' in headers || 'transfer-encoding' in headers
  const length = !isSaid && (body || method === 'POST') ? `content-length: ${Buffer.byteLength(body)}\r\n` : ''
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}${length}\r\n${body}`, 'latin1')
}

/** The value of a header in a response head. */
export const header = (head, name) => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1].trim()

export class Wire {
  #socket
  #left = NOTHING
  #waiting

  /** Connects to `port` of this machine from the local address `from`; with `ca`, over TLS. */
  constructor({ port, from, ca, timeout = 30_000 }) {
    Object.assign(this, { port, from, ca, timeout })
  }

  /** Sends one request and returns `{ status, head, body }`. Fails if the connection ends without a response. */
  async ask(request) {
    let answer
    await this.flood(request, 1, (status, head, body) => {
      answer = { status, head, body: body().toString('utf8') }
    })
    return answer
  }

  /** Sends `count` pipelined requests and calls `note(status, head, body)` for each response. */
  flood(requests, count, note) {
    return new Promise((done, failed) => {
      this.#waiting = { count, note, done, failed }
      const socket = this.#socket ?? this.#open()
      socket.write(requests)
    })
  }

  close() {
    const socket = this.#socket
    this.#socket = undefined
    this.#left = NOTHING
    socket?.destroy()
  }

  #open() {
    const where = { host: '127.0.0.1', port: this.port, localAddress: this.from }
    const socket = this.ca ? tls.connect({ ...where, servername: 'localhost', ca: this.ca }) : net.connect(where)
    socket.setNoDelay(true)
    socket.setTimeout(this.timeout, () => socket.destroy(new Error(`no answer within ${this.timeout} ms`)))
    socket.on('data', (part) => socket === this.#socket && this.#take(part))
    let why = 'closed'
    socket.on('error', (error) => (why = error.code ?? error.message))
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      if (socket !== this.#socket) return
      this.close()
      this.#settle(new Error(why))
    })
    this.#socket = socket
    return socket
  }

  #settle(error) {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (error) waiting?.failed(error)
    else waiting?.done()
  }

  #take(part) {
    this.#left = this.#left.length > 0 ? Buffer.concat([this.#left, part]) : part
    while (this.#waiting) {
      const start = this.#left.indexOf('\r\n\r\n')
      if (start === -1) return
      const head = this.#left.latin1Slice(0, start)
      const status = Number(head.slice(9, 12))
      const end = status === 100 ? start + 4 : bodyEnd(this.#left, start + 4, head, status)
      if (end === -1) return
      const answer = this.#left
      this.#left = end === answer.length ? NOTHING : answer.subarray(end)
      if (status === 100) continue
      const waiting = this.#waiting
      waiting.note(status, head, () => answer.subarray(start + 4, end))
      waiting.count--
      const isLast = /^connection: *close/im.test(head)
      if (isLast) this.close()
      if (waiting.count === 0) this.#settle()
      else if (isLast) this.#settle(new Error('closed'))
    }
  }
}

/** End of the body that begins at `from`; -1 if it is incomplete. */
function bodyEnd(bytes, from, head, status) {
  if (status === 204 || status === 304) return from
  const length = header(head, 'content-length')
  if (length !== undefined) return from + Number(length) <= bytes.length ? from + Number(length) : -1
  if (!/^transfer-encoding: *chunked/im.test(head)) return from
  for (let at = from; ;) {
    const line = bytes.indexOf('\r\n', at)
    if (line === -1) return -1
    const size = parseInt(bytes.latin1Slice(at, line), 16)
    at = line + 2 + size + 2
    if (at > bytes.length) return -1
    if (size === 0) return at
  }
}
