// The abuse drill: each attack runs for a minute against its own server, while honest people sign in and an honest
// client of another organization fetches tokens. limits.mjs has the criteria.
//
// ABUSE_SECONDS=60 (make abuse) is the duration of each attack; ABUSE_ATTACKS="links guesses stop" selects attacks. On
// the embedded store, "stop" ends a server whose store a flood has filled (stop.mjs).
// Attackers, people and the client are separate processes. The first minute has no attack; all results are compared
// with it.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Porta, RESULTS, STORE, freePort, sleep } from '../lib/porta.mjs'
import { ReverseProxy } from '../lib/proxies.mjs'
import { Relay } from '../lib/relay.mjs'
import { Helper } from './helper.mjs'
import { ATTACKERS_NICENESS, SECONDS, judge, judgeStop } from './limits.mjs'
import { quantile, table } from './report.mjs'
import { STOP_ENV, stopFull } from './stop.mjs'
import { Watch } from './watch.mjs'
import { ATTACKED, QUIET, provision } from './world.mjs'

const DIRECT = ['starts', 'preflights', 'half-open', 'guesses', 'links', 'machines', 'sign-ins']
const PROXIES = ['nginx', 'apache2', 'caddy']
const NOTHING = 'nothing'
const STOP = 'stop'
/** Quiet runs through a proxy are shorter: they only serve for comparison. */
const QUIET_PART = 1 / 4

const SCENARIOS = [
  { attack: NOTHING, seconds: SECONDS },
  ...DIRECT.map((attack) => ({ attack, seconds: SECONDS })),
  ...PROXIES.flatMap((proxy) => [{ attack: NOTHING, proxy, seconds: SECONDS * QUIET_PART }, { attack: 'unread', proxy, seconds: SECONDS }]),
]
const asked = process.env.ABUSE_ATTACKS?.split(/\s+/).filter(Boolean)
const isAsked = ({ attack, proxy }) => !asked || asked.includes(attack) || (attack === NOTHING && (!proxy || asked.includes('unread')))

const rows = []
let stop
let relay

before(async () => {
  relay = await Relay.start()
})
after(async () => {
  await relay?.down()
  const text = table(rows, stop)
  writeFileSync(join(RESULTS, 'abuse.txt'), `${text}\n`)
  writeFileSync(join(RESULTS, 'abuse.json'), JSON.stringify({ rows, stop }, null, 2))
  console.log(text)
})

/** Starts the server, and a proxy in front of it if the scenario has one: `{ porta, proxy, order }`. */
async function setUp({ attack, proxy: kind, env = {} }) {
  const port = kind ? await freePort() : undefined
  const porta = await Porta.start({
    name: `abuse-${kind ?? attack}`,
    fixtures: false,
    base: kind && `https://localhost:${port}`,
    // An attacker either acts as the trusted proxy (127.0.0.1) or connects from another, untrusted loopback address.
    env: { LOG_LEVEL: 'warn', TRUST_PROXY: 'true', TRUST_PROXY_CIDRS: '127.0.0.1/32', ...relay.env, ...env },
  })
  const world = await provision(porta)
  const proxy = kind && (await ReverseProxy.start(kind, [`127.0.0.1:${porta.port}`], { https: port }))
  const order = {
    base: porta.base, host: new URL(porta.base).host, port: port ?? porta.port, ca: proxy?.ca, world, attacked: ATTACKED, quiet: QUIET,
  }
  return { porta, proxy, order }
}

/** Runs the honest people, the client and the attacker side by side for `seconds`. */
async function play({ attack, seconds }, { porta, order }, helpers) {
  const start = async (...what) => {
    const helper = await Helper.start(...what)
    helpers.push(helper)
    return helper
  }
  const control = await start('honest.mjs', 'control', {})
  const machine = await start('honest.mjs', 'machine', { ...order, control: control.ready.port })
  const people = await start('honest.mjs', 'people', order)
  const isQuiet = attack === NOTHING
  const attacker = isQuiet ? undefined : await start('run-attack.mjs', attack, order, { niceness: ATTACKERS_NICENESS })

  const pids = Object.entries({ control, machine, people, attacker }).filter(([, helper]) => helper).map(([name, { pid }]) => [name, pid])
  const watch = new Watch(porta, { server: porta.pid, ...Object.fromEntries(pids) })
  await sleep(seconds * 1000)
  const watched = await watch.stop()
  // The honest helpers stop first, so that nothing they report was caused by the end of the attack.
  const client = await machine.stop()
  const signedIn = await people.stop()
  const attacked = isQuiet ? { isQuiet, seconds, statuses: {}, problems: [] } : await attacker.stop()
  return {
    attack: attacked,
    watch: watched,
    honest: {
      people: signedIn,
      machine: {
        ...client,
        p50: quantile(client.times, 0.5),
        p99: quantile(client.times, 0.99),
        control: quantile(client.control, 0.99),
        late: quantile(client.late, 0.99),
      },
    },
  }
}

const titleOf = ({ attack, proxy }) => (proxy ? `${attack}, ${proxy}` : attack)

for (const scenario of SCENARIOS.filter(isAsked)) {
  test(`${titleOf(scenario)}: nobody honest notices`, async () => {
    const helpers = []
    const there = await setUp(scenario)
    try {
      const played = await play(scenario, there, helpers)
      assert.ok(there.porta.running, there.porta.tail())
      const { proxy, seconds } = scenario
      const row = { title: titleOf(scenario), store: STORE, proxy, ...played }
      row.wrong = judge({ name: scenario.attack, seconds, ...played })
      rows.push(row)
      assert.deepEqual(row.wrong, [])
    } finally {
      for (const helper of helpers) helper.end()
      await there.proxy?.stop()
      await there.porta.end()
    }
  })
}

if (STORE === 'embedded' && isAsked({ attack: STOP })) {
  test('stop: a full store takes no more memory, and its sessions go on', async () => {
    const helpers = []
    const there = await setUp({ attack: STOP, env: STOP_ENV })
    try {
      stop = await stopFull(there, helpers)
      stop.wrong = judgeStop(stop)
      assert.deepEqual(stop.wrong, [])
    } finally {
      for (const helper of helpers) helper.end()
      await there.porta.end()
    }
  })
}
