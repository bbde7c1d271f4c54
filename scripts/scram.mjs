// Prints PostgreSQL's SCRAM verifier of a password (RFC 5803) with one iteration instead of the usual 4,096. Tests open
// thousands of connections, and the iterations took a third of their time in an unoptimised build. The password is
// random, so it needs no slow hash.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

const ROUNDS = 1

const password = readFileSync(0, 'utf8').trim()
const salt = randomBytes(16)
const salted = pbkdf2Sync(password, salt, ROUNDS, 32, 'sha256')
const keyed = (name) => createHmac('sha256', salted).update(name).digest()
const stored = createHash('sha256').update(keyed('Client Key')).digest('base64')
const server = keyed('Server Key').toString('base64')
console.log(`SCRAM-SHA-256$${ROUNDS}:${salt.toString('base64')}$${stored}:${server}`)
