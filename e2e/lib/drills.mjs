// What `make test` leaves to the drills: with PORTA_DRILLS=1 the matrix of faults is whole.

import { test } from 'node:test'

export const IS_DRILL = process.env.PORTA_DRILLS === '1'

/** A test of the drills. Elsewhere there is no such test: one that is skipped would look like an open question. */
export const drill = IS_DRILL ? test : () => {}
