// Gives the walks all habits. Imported before them, because they choose their habits when they are loaded.

import { ALL_HABITS } from './habits.mjs'

process.env.E2E_HABITS ??= JSON.stringify(ALL_HABITS)
