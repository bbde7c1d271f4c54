// A TCP proxy between a server and one of its dependencies that injects faults.
//
// | State  | New connections | Open ones |
// |---|---|---|
// | `up`   | forwarded       | forwarded |
// | `down` | refused         | cut |
// | `frozen` | accepted, then silent | silent; what was sent meanwhile arrives after `heal` |
// | `gone` | accepted, then silent | silent for good, as when a machine vanished: `heal` serves new connections only |
//
// Independent of the state, `latency` delays every chunk in both directions and `bandwidth` limits bytes per second.

import net from 'node:net'
import { freePort, sleep } from './porta.mjs'

const LISTEN = { host: '127.0.0.1' }

export class Toxic {
  #server
  #links = new Set()
  #state = 'up'
  latency = 0
  bandwidth = Infinity

  /** Starts a proxy in front of `host:port` of a URL. */
  static async before(url) {
    const toxic = new Toxic()
    toxic.target = { host: url.hostname, port: Number(url.port) }
    toxic.port = await freePort()
    await toxic.#listen()
    return toxic
  }

  /** The URL rewritten to go through this proxy, optionally with another host name for this machine. */
  through(url, hostname = '127.0.0.1') {
    const other = new URL(url)
    other.hostname = hostname
    other.port = String(this.port)
    return other.href
  }

  get connections() {
    return this.#links.size
  }

  #listen() {
    this.#server = net.createServer({ allowHalfOpen: true }, (near) => this.#serve(near))
    return new Promise((listening, failed) => {
      this.#server.on('error', failed)
      this.#server.listen({ ...LISTEN, port: this.port }, listening)
    })
  }

  #serve(near) {
    const link = { near, far: null, lost: this.#state === 'gone' }
    this.#links.add(link)
    const end = () => {
      this.#links.delete(link)
      near.destroy()
      link.far?.destroy()
    }
    near.on('error', end).on('close', end)
    if (link.lost) {
      near.resume()
      return
    }
    link.far = net.connect(this.target)
    link.far.on('error', end).on('close', end)
    this.#pump(link, near, link.far)
    this.#pump(link, link.far, near)
  }

  async #pump(link, from, to) {
    try {
      for await (const part of from) {
        if (this.latency > 0) await sleep(this.latency)
        if (this.bandwidth < Infinity) await sleep((part.length / this.bandwidth) * 1000)
        while (this.#state === 'frozen' && !link.lost) await sleep(5)
        if (link.lost) continue
        to.write(part)
      }
      if (!link.lost) to.end()
    } catch {
      // The other end was cut, and `end` has closed both.
    }
  }

  /** Ends every open connection with a reset. */
  cut() {
    for (const { near, far } of this.#links) {
      near.resetAndDestroy()
      far?.resetAndDestroy()
    }
  }

  async down() {
    await new Promise((closed) => {
      this.#server.close(closed)
      this.cut()
    })
    this.#state = 'down'
  }

  freeze() {
    this.#state = 'frozen'
  }

  vanish() {
    this.#state = 'gone'
    for (const link of this.#links) link.lost = true
  }

  /** Ends every fault. */
  async heal() {
    const wasDown = this.#state === 'down'
    this.#state = 'up'
    this.latency = 0
    this.bandwidth = Infinity
    if (wasDown) await this.#listen()
  }

  async close() {
    if (this.#state !== 'down') await this.down()
  }
}
