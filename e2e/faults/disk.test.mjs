// A full disk under the embedded store: its data is on a small file system that is filled until ENOSPC.
//
// Needs the right to mount a tmpfs (root, or sudo without a password). Where mounting is not allowed, as in most
// containers, a small /dev/shm is used instead; without either, the test fails with that message.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, closeSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Rig } from '../lib/faults.mjs'

const run = promisify(execFile)
const SIZE_MIB = 24
const SHM_AT_MOST = 512 << 20
const admin = process.getuid() === 0 ? [] : ['sudo', '-n']
let disk
let rig

async function smallDisk() {
  const dir = mkdtempSync(join(tmpdir(), 'porta-e2e-disk-'))
  const as = (...command) => run([...admin, ...command][0], [...admin, ...command].slice(1))
  try {
    await as('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=0777`, 'porta-e2e', dir)
    return { dir, end: async () => { await as('umount', dir); rmSync(dir, { recursive: true }) } }
  } catch (error) {
    rmSync(dir, { recursive: true })
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize > SHM_AT_MOST) {
      throw new Error('needs root, or sudo without a password, to mount a small tmpfs (or a /dev/shm below 512 MiB)', { cause: error })
    }
    const own = mkdtempSync('/dev/shm/porta-e2e-')
    return { dir: own, end: () => rmSync(own, { recursive: true, force: true }) }
  }
}

before(async () => {
  disk = await smallDisk()
  const data = join(disk.dir, 'data')
  mkdirSync(data, { mode: 0o700 })
  rig = await Rig.start('faults-disk', { env: () => ({ PORTA_DATA_DIR: data }) })
})
after(async () => {
  await rig?.end()
  await disk?.end()
})

test('a full disk: what writes pauses, what reads goes on, and room helps at once', async () => {
  const filler = join(disk.dir, 'filler')
  await rig.fault({
    begin: () => {
      const file = openSync(filler, 'w')
      let full
      for (const size of [1 << 16, 4096]) {
        const part = Buffer.alloc(size, 1)
        try {
          for (;;) if (writeSync(file, part) < size) break
        } catch (error) {
          full = error.code
        }
      }
      closeSync(file)
      assert.equal(full, 'ENOSPC')
    },
    end: () => rmSync(filler),
    seconds: 4,
    // The probes succeed: the database can still be read.
    down: {},
    pauses: ['refresh', 'sign-in'],
    visitors: 500,
    works: ['discovery', 'jwks', 'userinfo', 'introspection', 'client credentials'],
  })
})
