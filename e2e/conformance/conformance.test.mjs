// The OpenID Foundation's plans Basic OP, Config OP, Form Post OP and RP-Initiated Logout OP, and what of Dynamic OP needs no
// registration, one test per test module and named after it, against Porta behind an https proxy.

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

// Plans and modules are independent of each other: every module has its own browser and its own address. Some only wait.
// Every plan has its own person: of one account only a few passwords are judged at once, and the others wait.
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
