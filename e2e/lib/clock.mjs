// A clock for one server (libfaketime): its wall clock jumps when a test says so. The steady clock, by which a process
// waits, goes on.

import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function library() {
  for (const machine of readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'))) {
    const file = `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`
    if (existsSync(file)) return file
  }
  throw new Error('missing: libfaketime; run scripts/setup.sh')
}

export class Clock {
  constructor(seconds = 0) {
    this.dir = mkdtempSync(join(tmpdir(), 'porta-e2e-clock-'))
    this.file = join(this.dir, 'offset')
    this.set(seconds)
    /** What a server needs to go by this clock. */
    this.env = { LD_PRELOAD: library(), FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' }
  }

  /** From now on the clock is this many seconds away from ours. Renamed into place: half a file would be another time. */
  set(seconds) {
    writeFileSync(`${this.file}.next`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${this.file}.next`, this.file)
  }

  end() {
    rmSync(this.dir, { recursive: true, force: true })
  }
}
