// Makes host names stop resolving for one server. The server sees its own hosts file and resolver configuration (a
// mount namespace, unshare of util-linux). Names that are not in the file go to a name server that is not there, or
// that is silent.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SERVER = '127.0.0.9'
const isRoot = process.getuid() === 0
const UNSHARE = ['unshare', isRoot ? '-m' : '-rm']
/** Mounts a hosts file and a resolver configuration over the machine's, then executes the command. */
const IN_A_NAME_SPACE = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'
/** Receives every query and answers none, until its standard input ends. */
const SILENCE = `
  require('node:dgram').createSocket('udp4').bind(53, '${SERVER}', () => console.log('listening'))
  process.stdin.resume().on('end', () => process.exit())`

export class Names {
  #silence

  /** `names` resolve to this machine. */
  constructor(...names) {
    const [program, ...args] = [...UNSHARE, 'mount', '--bind', '/etc/hosts', '/etc/hosts']
    const { status, stderr } = spawnSync(program, args)
    assert.equal(status, 0, `needs root with the right to mount, or user name spaces: ${stderr}`)
    this.names = names
    this.dir = mkdtempSync(join(tmpdir(), 'porta-e2e-names-'))
    this.hosts = join(this.dir, 'hosts')
    const resolver = join(this.dir, 'resolv.conf')
    // The resolver's default timeout: five seconds, twice.
    writeFileSync(resolver, `nameserver ${SERVER}\n`)
    this.#write(names)
    /** The command line that runs a command with these names (see Porta). */
    this.wrap = [...UNSHARE, 'sh', '-c', IN_A_NAME_SPACE, 'sh', this.hosts, resolver]
  }

  #write(names) {
    writeFileSync(this.hosts, `127.0.0.1 localhost ${names.join(' ')}\n`)
  }

  /** No name but localhost resolves. The name server refuses queries, or with `isSilent` never answers. */
  async lose({ isSilent = false } = {}) {
    if (isSilent) {
      const [program, ...args] = [...(isRoot ? [] : ['sudo', '-n']), process.execPath, '-e', SILENCE]
      this.#silence = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
      const [said] = await Promise.race([once(this.#silence.stdout, 'data'), once(this.#silence, 'exit')])
      assert.equal(String(said).trim(), 'listening', `needs the right to take port 53 of ${SERVER}: root, or sudo without a password`)
    }
    this.#write([])
  }

  async heal() {
    this.#write(this.names)
    if (!this.#silence) return
    const ended = once(this.#silence, 'exit')
    this.#silence.stdin.end()
    await ended
    this.#silence = undefined
  }

  async end() {
    await this.heal()
    rmSync(this.dir, { recursive: true })
  }
}
