// An attacker in a process of its own: node abuse/run-attack.mjs NAME runs attacks/NAME.mjs until it is told to stop.
//
// Each of those exports its `name`, `attack(attacker)`, which goes on until the end, and `problems(seen)`, which says what the
// attack should have met and did not: one that did nothing shows nothing.

import { Attacker } from './attacker.mjs'
import { help } from './helper.mjs'

/** How long what was asked may take after the end. */
const PATIENCE_MS = 20_000

const { name, attack, problems } = await import(new URL(`./attacks/${process.argv[2]}.mjs`, import.meta.url))
await help((order, signal) => {
  const attacker = new Attacker(order, signal)
  const begun = performance.now()
  let failed = []
  const work = attack(attacker).catch((error) => (failed = [error.stack]))
  const result = async () => {
    const seconds = (performance.now() - begun) / 1000
    await Promise.race([work, attacker.pause(PATIENCE_MS)])
    const { statuses, wrong, figures } = attacker
    return { name, seconds, statuses, figures, problems: [...failed, ...wrong, ...problems({ statuses, seconds, figures })] }
  }
  return { result }
})
