// A wall clock for one server that a test can move (libfaketime). The monotonic clock, which timers use, is unaffected.

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
    /** The environment of a server that uses this clock. */
    this.env = { LD_PRELOAD: library(), FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' }
  }

  /** Sets the offset from the real clock. Renames the file into place, because half a file would be another time. */
  set(seconds) {
    writeFileSync(`${this.file}.next`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${this.file}.next`, this.file)
  }

  end() {
    rmSync(this.dir, { recursive: true, force: true })
  }
}
