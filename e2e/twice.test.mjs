// The journeys once more, by people who double-click everything on networks that take their time, who lose every first
// answer, who reload every page, and who go back from it (lib/visitor.mjs): nobody reads that something failed which was
// done, and nothing is done twice. Each walk has another habit; the drill `habits` walks each with every one.

import { ALL_HABITS } from './lib/habits.mjs'

process.env.E2E_HABITS ??= JSON.stringify(ALL_HABITS)
await import('./journeys.test.mjs')
