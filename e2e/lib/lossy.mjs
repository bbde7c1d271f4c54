// An HTTP proxy that loses responses: the server handles the request, then the proxy closes the connection instead of
// passing the response on. It does so with the first response to each form, and to each GET that resumes an
// authorization request (`/auth/<uid>`), of a browser that sends `x-loses-answers`. Other responses are passed on.

import { createHash } from 'node:crypto'
import http from 'node:http'

const asks = ({ method, url }) => method === 'POST' || /\/auth\/[^/]+$/.test(url.split('?')[0])

/** A proxy in front of the server on the loopback port `target`. `lost` counts the lost responses. */
export class LossyProxy {
  #seen = new Set()
  lost = 0

  static async start(port, target) {
    const proxy = new LossyProxy()
    proxy.server = http.createServer((incoming, outgoing) => proxy.#forward(incoming, outgoing, target))
    await new Promise((started, failed) => {
      proxy.server.on('error', failed)
      proxy.server.listen(port, '127.0.0.1', started)
    })
    return proxy
  }

  async #forward(incoming, outgoing, target) {
    const chunks = []
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method, url, headers } = incoming
    const forward = http.request({ host: '127.0.0.1', port: target, method, path: url, headers, agent: false })
    forward.on('error', () => incoming.socket.destroy())
    forward.on('response', (answer) => {
      if (this.#loses(incoming, body)) {
        // Reads the response to its end, so that the server has finished the request.
        answer.resume().on('end', () => incoming.socket.destroy())
        return
      }
      outgoing.writeHead(answer.statusCode, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    forward.end(body)
  }

  #loses({ method, url, headers }, body) {
    const who = headers['x-loses-answers']
    if (!who || !asks({ method, url })) return false
    const asked = createHash('sha256').update(`${who} ${method} ${url}\n`).update(body).digest('hex')
    if (this.#seen.has(asked)) return false
    this.#seen.add(asked)
    this.lost += 1
    return true
  }

  end() {
    this.server.closeAllConnections()
    return new Promise((closed) => this.server.close(closed))
  }
}
