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
const together = { concurrency: 4 }

describe('the plans', together, () => {
  describe('Basic OP', together, () => plan('Basic OP', basic, { provider }))
  describe('Config OP', together, () => plan('Config OP', config, { provider }))
  describe('Form Post OP', together, () => plan('Form Post OP', basic, { provider, responseMode: 'form_post' }))
  describe('Dynamic OP', together, () => plan('Dynamic OP', dynamic, { provider }))
  describe('RP-Initiated Logout OP', together, () => plan('RP-Initiated Logout OP', rpInitiatedLogout, { provider }))
})
