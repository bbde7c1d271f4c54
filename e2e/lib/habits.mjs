// The habits of the visitors in twice.test.mjs. Run as a program, prints one per line.

import { fileURLToPath } from 'node:url'

/** `twice` and `latency` in milliseconds; see lib/visitor.mjs. */
export const ALL_HABITS = [
  ...[0, 150, 400, 800].flatMap((latency) => [60, 200].map((twice) => ({ twice, latency }))),
  { loses: true },
  { reloads: true },
  { returns: true },
]

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const habit of ALL_HABITS) console.log(JSON.stringify(habit))
