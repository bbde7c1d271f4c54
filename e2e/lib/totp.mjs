// An authenticator app: RFC 6238 with SHA-1, six digits and time steps of 30 seconds.

import { createHmac } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 §6; spaces and padding are ignored. */
function base32(text) {
  let bits = ''
  for (const symbol of text.replaceAll(/[\s=]/g, '').toUpperCase()) {
    const value = ALPHABET.indexOf(symbol)
    if (value < 0) throw new Error(`not base32: ${symbol}`)
    bits += value.toString(2).padStart(5, '0')
  }
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
}

/**
 * The code of a key now, or `steps` later. A code works once, so a test that signs in right after setting up an app
 * uses the next one, which a server accepts because clocks differ (RFC 6238 §5.2).
 */
export function totp(key, steps = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const digest = createHmac('sha1', base32(key)).update(counter).digest()
  const offset = digest.at(-1) & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
