// An attacker in its own process: node abuse/run-attack.mjs NAME runs attacks/NAME.mjs until it is told to stop.
//
// Each attack exports its `name`, `attack(attacker)`, which runs until the end, and `problems(seen)`, which lists the
// outcomes that were missing or unexpected: an attack without effect proves nothing.

import { Attacker } from './attacker.mjs'
import { help } from './helper.mjs'

/** How long pending requests may take after the end. */
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
