// The OpenID Foundation's plans Basic OP, Config OP, Form Post OP and RP-Initiated Logout OP, and the modules of
// Dynamic OP that register no client, against Porta behind an https proxy. Each test module is a test of the same name.

import { after, before, describe } from 'node:test'
import { basic } from './basic.mjs'
import { config } from './config.mjs'
import { dynamic } from './dynamic.mjs'
import { plan, startProvider, summary } from './harness.mjs'
import { rpInitiatedLogout } from './logout.mjs'

let running
const provider = () => running

before(async () => {
  running = await startProvider('conformance')
})
after(async () => {
  await running?.end()
  console.log(summary())
})

// Plans and modules run in parallel: every module has its own browser and IP address, and some mostly wait. Every plan
// has its own person, because concurrent password checks are limited per account.
const together = { concurrency: 4 }

describe('the plans', together, () => {
  const runs = (title, modules, options) =>
    describe(title, together, () => plan(title, modules, { provider, ...options }))
  runs('Basic OP', basic, { person: 'ada' })
  runs('Config OP', config, { person: 'ada' })
  runs('Form Post OP', basic, { person: 'fay', responseMode: 'form_post' })
  runs('Dynamic OP', dynamic, { person: 'ben' })
  runs('RP-Initiated Logout OP', rpInitiatedLogout, { person: 'ivy' })
})
