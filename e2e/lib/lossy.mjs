// An HTTP proxy that loses answers: the server has done what was asked, and the connection ends instead of saying so. It
// loses the first answer to each form, and to each way back from a page to the application, of a browser that sends
// `x-loses-answers`; whoever sends none is served.

import { createHash } from 'node:crypto'
import http from 'node:http'

const asks = ({ method, url }) => method === 'POST' || /\/auth\/[^/]+$/.test(url.split('?')[0])

/** Between browsers and the server on the loopback port `target`. `lost` counts the answers that nobody got. */
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
        // To its end: the server has nothing left to do.
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
