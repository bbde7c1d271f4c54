// Checks sizes: no file of product code has more than 400 lines, and no type more than 20 methods. Clippy limits the
// parameters of functions (clippy.toml); no function may be exempt.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MOST_LINES = 400
const MOST_METHODS = 20
/** Test code, the test kit, and the planted faults. */
const TESTS = /(^|\/)(tests|testing|contract)(\.rs$|\/)|\.test\.mjs$|^crates\/testkit\/|^scripts\/mutants\.d\//
/** One file, because it is downloaded as one, and partly texts (decision 0029). */
const INSTALLER = 'docker/install.sh'

const root = fileURLToPath(new URL('../..', import.meta.url))
const problems = []

function files() {
  const command = ['ls-files', '-co', '--exclude-standard', '*.rs', '*.mjs', '*.sh', '*.py']
  const listed = execFileSync('git', command, { cwd: root, encoding: 'utf8' }).split('\n')
  return listed.filter((path) => path && existsSync(join(root, path)))
}

/** Leaves out the unit tests: `mod tests { … }` ends its file. */
function withoutTests(text) {
  return text.replace(/^#\[cfg\(test\)\]\n(pub(\(\w+\))? )?mod \w+ \{[\s\S]*/m, '')
}

/** Leaves out comments, strings and characters. */
function bareCode(text) {
  return text
    .replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|\bb?r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.[^'\n]*|[^'\\])'/gu, ' ')
}

/** `Record` of `impl<C: Columns> Record<'_, C>`; nothing if a trait is implemented, or a type that a macro names. */
function typeOf(header) {
  if (/\bfor\s/.test(header)) return undefined
  let depth = 0, outside = ''
  for (const letter of header.replaceAll('->', '')) {
    if (letter === '<') depth += 1
    else if (letter === '>') depth -= 1
    else if (depth === 0) outside += letter
  }
  return /^impl\s+(?:\w+::)*(\w+)/.exec(outside.trim())?.[1]
}

/** Number of functions directly in the block that begins at `code`. */
function functions(code) {
  let depth = 0, count = 0
  for (const [token] of code.matchAll(/[{}]|\bfn \w/g)) {
    if (token === '{') depth += 1
    else if (token !== '}') count += depth === 1 ? 1 : 0
    else if (--depth === 0) break
  }
  return count
}

/** Places and numbers of methods, by crate and type. Types of one name count together. */
const methods = new Map()
const sources = files()
if (sources.length < 100) throw new Error(`found only ${sources.length} files`)
for (const path of sources) {
  const text = readFileSync(join(root, path), 'utf8')
  if (path.endsWith('.rs') && text.includes('too_many_arguments')) problems.push(`${path}: too_many_arguments is exempted`)
  if (TESTS.test(path)) continue
  const product = path.endsWith('.rs') ? withoutTests(text) : text
  const lines = product.trimEnd().split('\n').length
  if (lines > MOST_LINES && path !== INSTALLER) problems.push(`${path}: ${lines} lines, at most ${MOST_LINES}`)
  if (!path.endsWith('.rs')) continue
  const code = bareCode(product)
  for (const match of code.matchAll(/^[ \t]*impl\b[^{;]*\{/gm)) {
    const type = typeOf(match[0].slice(0, -1))
    if (!type) continue
    const name = `${/^(crates\/)?[^/]+/.exec(path)[0]}: ${type}`
    if (!methods.has(name)) methods.set(name, [])
    methods.get(name).push([path, functions(code.slice(match.index + match[0].length - 1))])
  }
}
for (const [name, places] of methods) {
  const count = places.reduce((sum, [, found]) => sum + found, 0)
  if (count <= MOST_METHODS) continue
  problems.push(`${name} has ${count} methods, at most ${MOST_METHODS}`)
  for (const [path, found] of places) problems.push(`    ${path}: ${found}`)
}
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
