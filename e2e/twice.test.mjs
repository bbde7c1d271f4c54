// The journeys and the account pages with double clicks, lost responses, reloads and the back button on fast and slow
// networks (lib/visitor.mjs): no page reports a failure of what has succeeded, nothing is done twice, and no guess counts
// twice (World.assertRecorded). Walks take the habits in turn; the drill `habits` runs each with every habit.

import './lib/with-habits.mjs'
import './journeys.test.mjs'
import './account.test.mjs'
