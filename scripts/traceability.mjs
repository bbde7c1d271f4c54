// Checks docs/traceability.md, which cites files and text in them: `path` "text". Fails if a file does not exist or
// lacks the text; in a test file, the text must be the name of a test. Also fails if a line of scripts/traceability.txt
// has no row, or a row no line, and if a row about the Admin API or the command line names no test.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { resolve } from 'node:path'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path) => readFileSync(resolve(root, path), 'utf8')

const problems = []
const blame = (at, text) => problems.push(`${at}: ${text}`)

/** The rows of all sections: the requirement, its citations, and the line. */
function rowsOf(page) {
  const rows = []
  let section
  for (const [index, line] of page.split('\n').entries()) {
    if (line.startsWith('## ')) section = line.slice(3)
    const cells = line.startsWith('|') ? line.split('|').slice(1, -1).map((cell) => cell.trim()) : []
    if (cells.length !== 3 || /^[\s-]*$/.test(cells[0]) || cells[0] === 'Text') continue
    rows.push({ section, text: cells[0], shown: cells[2], at: `docs/traceability.md:${index + 1}` })
  }
  return rows
}

/** The required rows, with the section each belongs to. */
function requiredOf(list) {
  const required = []
  let section
  for (const line of list.split('\n')) {
    if (line.startsWith('# ')) section = line.slice(2)
    else if (line !== '' && section) required.push({ section, text: line })
  }
  return required
}

/** The test names in a file; undefined if it is not a test file. */
function testNames(path, content) {
  const kinds = [
    [/^crates\/.*\/tests\/.*\.rs$/, /^\s*(?:pub )?(?:async )?fn (\w+)/gm],
    [/\.test\.mjs$/, /(?<![.\w])(?:test|drill)(?:\.\w+)?\(\s*(?:'([^']+)'|"([^"]+)"|`([^`]+)`)/g],
    [/^docker\/tests\/.*\.py$/, /^\s*def (test_\w+)/gm],
  ]
  const names = kinds.find(([files]) => files.test(path))?.[1]
  return names && [...content.matchAll(names)].map((match) => match.slice(1).find(Boolean))
}

let [paths, cited] = [0, 0]
function checkCitations({ section, shown, at }) {
  let tests = 0
  if (shown === '') blame(at, 'nothing is cited')
  for (const [, path, words] of shown.matchAll(/`([^`\s]+\/[^`\s]*|[A-Z][A-Za-z]+(?:\.\w+)?)`((?:,? "[^"]+")*)/g)) {
    paths += 1
    if (!existsSync(resolve(root, path))) {
      blame(at, `no file ${path}`)
      continue
    }
    for (const [, text] of words.matchAll(/"([^"]+)"/g)) {
      cited += 1
      if (statSync(resolve(root, path)).isDirectory()) {
        blame(at, `${path} is a directory`)
        continue
      }
      const content = read(path)
      const names = testNames(path, content)
      if (names) tests += 1
      if (names && !names.includes(text)) blame(at, `${path} has no test "${text}"`)
      else if (!content.includes(text)) blame(at, `${path} has no "${text}"`)
    }
  }
  if (/(Admin API|command line)$/.test(section) && tests === 0) blame(at, 'no test is named')
}

const rows = rowsOf(read('docs/traceability.md'))
const required = requiredOf(read('scripts/traceability.txt'))
const key = ({ section, text }) => `${section}: ${text}`
const [named, known] = [new Set(rows.map(key)), new Set(required.map(key))]
for (const row of rows) {
  checkCitations(row)
  if (!known.has(key(row))) blame(row.at, `scripts/traceability.txt has no line "${row.text}"`)
}
for (const line of required) {
  if (!named.has(key(line))) blame('docs/traceability.md', `no row for "${line.text}" in "${line.section}"`)
}
if (required.length === 0) blame('scripts/traceability.txt', 'it is empty')
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log(`docs/traceability.md: ${rows.length} rows, ${paths} files and ${cited} places in them`)
