// A real SMTP server (aiosmtpd, crates/testkit/relay/relay.py), and the emails it received, parsed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parse } from 'node-html-parser'
import PostalMime from 'postal-mime'
import { eventually, sleep } from './porta.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PYTHON = process.env.TEST_SMTP_PYTHON ?? `${ROOT}/.test/python/bin/python`
const SCRIPT = `${ROOT}/crates/testkit/relay/relay.py`

export class Relay {
  #unread = []

  static async start() {
    if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is not there: run scripts/setup.sh`)
    return new Relay().up()
  }

  /** Starts listening, on the previous port if there was one. */
  async up() {
    const options = JSON.stringify({ port: this.port ?? 0 })
    this.child = spawn(PYTHON, [SCRIPT, options], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.ended = new Promise((ended) => this.child.on('exit', ended))
    const lines = createInterface({ input: this.child.stdout })
    await new Promise((listening, failed) => {
      this.child.on('exit', (code) => failed(new Error(`the relay ended (${code})`)))
      lines.on('line', (line) => {
        const event = JSON.parse(line)
        if (event.event === 'message') this.#unread.push(event)
        else if (event.event === 'listening') {
          this.port = event.port
          listening()
        }
      })
    })
    return this
  }

  async down() {
    this.child.kill()
    await this.ended
  }

  /** The environment of a server that uses this relay. */
  get env() {
    return {
      SMTP_HOST: 'localhost',
      SMTP_PORT: String(this.port),
      SMTP_FROM: 'Porta <porta@mail.example.test>',
      SMTP_TLS: 'none',
    }
  }

  #take(address) {
    const at = this.#unread.findIndex(({ recipients }) => recipients.includes(address))
    return at === -1 ? null : this.#unread.splice(at, 1)[0]
  }

  /**
   * Waits for the oldest unread email to an address; its subject must match `subject`, if given. With `newestWithin`,
   * returns the newest of those that arrive within so many milliseconds.
   */
  async mailFor(address, subject, { newestWithin = 0 } = {}) {
    let event = await eventually(`a mail to ${address}`, () => this.#take(address), { seconds: 20, every: 20 })
    if (newestWithin > 0) await sleep(newestWithin)
    for (let next; newestWithin > 0 && (next = this.#take(address)) !== null; ) event = next
    const mail = await read(event)
    if (subject) assert.match(mail.subject, subject)
    return mail
  }

  /** Whether no email to an address arrives within `milliseconds`. */
  async isSilentFor(address, milliseconds = 1000) {
    await sleep(milliseconds)
    return this.#take(address) === null
  }
}

/** `{ subject, from, text, html, links, link, code }`. Both bodies must have the same links and the same code. */
async function read({ data, recipients }) {
  const mail = await PostalMime.parse(Buffer.from(data, 'latin1'))
  assert.ok(mail.subject, 'a mail has a subject')
  assert.ok(mail.text?.trim() && mail.html?.trim(), 'a mail has a text and an HTML body')
  assert.deepEqual(mail.to.map(({ address }) => address), recipients, 'header and envelope name the same person')
  const html = parse(mail.html)
  const inHtml = [...new Set(html.querySelectorAll('a[href]').map((a) => a.getAttribute('href')))]
  const inText = [...new Set(mail.text.match(/https?:\/\/\S+/g) ?? [])]
  assert.deepEqual(inText.sort(), inHtml.sort(), 'both bodies have the same links')
  const code = html.querySelector('.code')?.text.trim()
  if (code) assert.ok(mail.text.includes(code), 'both bodies have the same code')
  return { subject: mail.subject, from: mail.from, text: mail.text, html: mail.html, links: inText, link: inText[0], code }
}
