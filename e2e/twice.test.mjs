// The journeys once more, by people who double-click everything on networks that take their time (lib/visitor.mjs): nobody
// reads that something failed which was done, and nothing is done twice.

process.env.E2E_HABITS ??= JSON.stringify(
  [0, 150, 400, 800].flatMap((latency) => [60, 200].map((twice) => ({ twice, latency }))),
)
await import('./journeys.test.mjs')
