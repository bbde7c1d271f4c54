// The journeys with double clicks on slow networks, lost responses, reloads and the back button (lib/visitor.mjs): no
// page reports a failure of what has succeeded, and nothing is done twice. Journeys take the habits in turn; the drill
// `habits` runs each journey with every habit.

import { ALL_HABITS } from './lib/habits.mjs'

process.env.E2E_HABITS ??= JSON.stringify(ALL_HABITS)
await import('./journeys.test.mjs')
