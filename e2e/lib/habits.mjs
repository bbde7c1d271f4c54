// The habits of the visitors in twice.test.mjs. Run as a program, prints one per line.

import { fileURLToPath } from 'node:url'

const WAYS = [{ twice: 60 }, { twice: 200 }, { loses: true }, { reloads: true }, { returns: true }]
const LATENCIES = [0, 150, 400, 800]

/** Each way at each latency (milliseconds; see lib/visitor.mjs). Neighbours differ in both, as walks take them in turn. */
export const ALL_HABITS = Array.from({ length: WAYS.length * LATENCIES.length }, (_, n) => (
  { ...WAYS[n % WAYS.length], latency: LATENCIES[n % LATENCIES.length] }
))

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const habit of ALL_HABITS) console.log(JSON.stringify(habit))
