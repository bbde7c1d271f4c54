// PORTA_DRILLS=1 runs the whole fault matrix; `make test` runs a part of it.

import { test } from 'node:test'

export const IS_DRILL = process.env.PORTA_DRILLS === '1'

/** A test for the drills only. Otherwise it is not registered: a skipped test would look like an open task. */
export const drill = IS_DRILL ? test : () => {}
