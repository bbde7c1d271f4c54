// docs/traceability.md names files, and words in them: `path` "words". Fails when a file is not there, or lacks the words.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(resolve(root, 'docs/traceability.md'), 'utf8')

const problems = []
let [rows, paths, cited] = [0, 0, 0]
for (const [index, line] of page.split('\n').entries()) {
  const cells = line.startsWith('|') ? line.split('|').slice(1, -1) : []
  if (cells.length !== 3 || /^[\s-]*$/.test(cells[0]) || cells[0].trim() === 'Text') continue
  rows += 1
  const shown = cells[2]
  if (shown.trim() === '') problems.push(`${index + 1}: nothing is cited`)
  for (const [, path, words] of shown.matchAll(/`([^`\s]+\/[^`\s]*|[A-Z][A-Za-z]+(?:\.\w+)?)`((?:,? "[^"]+")*)/g)) {
    paths += 1
    const file = resolve(root, path)
    if (!existsSync(file)) {
      problems.push(`${index + 1}: no file ${path}`)
      continue
    }
    for (const [, text] of words.matchAll(/"([^"]+)"/g)) {
      cited += 1
      if (statSync(file).isDirectory()) problems.push(`${index + 1}: ${path} is a directory`)
      else if (!readFileSync(file, 'utf8').includes(text)) problems.push(`${index + 1}: ${path} has no "${text}"`)
    }
  }
}
if (rows < 110) problems.push(`only ${rows} rows: the tables are not read`)
for (const problem of problems) console.error(`docs/traceability.md:${problem}`)
if (problems.length > 0) process.exit(1)
console.log(`docs/traceability.md: ${rows} rows, ${paths} files and ${cited} places in them`)
