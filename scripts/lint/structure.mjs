// Checks the structure of the crates: the table in docs/contributing.md lists exactly the dependencies of the Cargo.toml
// files, and neither crates nor the modules of a crate depend on each other in a circle.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const problems = []
const crates = readdirSync(join(root, 'crates')).filter((name) => existsSync(join(root, 'crates', name, 'Cargo.toml')))

/** Our crates in the `[dependencies]` of a crate. */
function dependencies(crate) {
  const manifest = readFileSync(join(root, 'crates', crate, 'Cargo.toml'), 'utf8')
  const section = /^\[dependencies\]\n((?:(?!\[).*\n)*)/m.exec(manifest)?.[1] ?? ''
  return [...section.matchAll(/^porta-([a-z-]+)[. ]/gm)].map(([, name]) => name).sort()
}

function compareTable() {
  const page = readFileSync(join(root, 'docs/contributing.md'), 'utf8')
  const table = /<!-- crates:[^\n]*\n([\s\S]*?)<!-- end of crates -->/.exec(page)?.[1] ?? ''
  const rows = new Map([...table.matchAll(/^\| `([a-z-]+)` \|.*\| ([^|]*) \|$/gm)].map(([, name, list]) => [name, list]))
  for (const crate of crates) {
    const expected = dependencies(crate).join(', ') || 'none'
    const found = rows.get(crate)
    if (found !== expected) problems.push(`docs/contributing.md: ${crate} depends on ${expected}, the table says ${found}`)
  }
  for (const name of rows.keys()) if (!crates.includes(name)) problems.push(`docs/contributing.md: no crate ${name}`)
}

/** The strongly connected components of more than one node (Tarjan). */
function circles(graph) {
  const index = new Map(), low = new Map(), stack = [], found = []
  const visit = (node) => {
    index.set(node, index.size)
    low.set(node, index.get(node))
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next)
        low.set(node, Math.min(low.get(node), low.get(next)))
      } else if (stack.includes(next)) {
        low.set(node, Math.min(low.get(node), index.get(next)))
      }
    }
    if (low.get(node) === index.get(node)) {
      const component = stack.splice(stack.indexOf(node))
      if (component.length > 1) found.push(component.sort())
    }
  }
  for (const node of graph.keys()) if (!index.has(node)) visit(node)
  return found
}

function files(directory) {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name)
    if (statSync(path).isDirectory()) return name === 'tests' ? [] : files(path)
    return name.endsWith('.rs') && name !== 'tests.rs' ? [path] : []
  })
}

/** Product code only: no comments, no strings, no `mod tests`. */
function code(path) {
  return readFileSync(path, 'utf8')
    .replace(/#\[cfg\(test\)\]\s*(pub(\(crate\))? )?mod \w+ \{[\s\S]*/, '')
    .replace(/\/\/[^\n]*/g, '')
    .replace(/"(?:\\.|[^"\\])*"/g, '""')
}

/** Splits `a::{b, c::{d}}` into its paths. */
function paths(tree) {
  const open = tree.indexOf('{')
  if (open < 0) return [tree.trim()]
  const [prefix, inner] = [tree.slice(0, open).trim(), tree.slice(open + 1, tree.lastIndexOf('}'))]
  let depth = 0, part = ''
  const parts = []
  for (const letter of `${inner},`) {
    if (letter === ',' && depth === 0) {
      if (part.trim()) parts.push(part)
      part = ''
    } else {
      depth += letter === '{' ? 1 : letter === '}' ? -1 : 0
      part += letter
    }
  }
  return parts.flatMap((one) => paths(`${prefix}${one.trim()}`))
}

/** Module of a file below src: `token/refresh.rs` and `token/mod.rs` belong to `token`. */
function moduleOf(source, path) {
  return relative(source, path).split('/')[0].replace(/\.rs$/, '')
}

/** Uses of other top-level modules, as `module → Map(other → "file: path")`. */
function modules(crate) {
  const source = join(root, 'crates', crate, 'src')
  const all = files(source)
  const names = new Set(all.map((path) => moduleOf(source, path)).filter((name) => !['lib', 'main'].includes(name)))
  const exported = new Map()
  for (const entry of ['lib.rs', 'main.rs'].map((name) => join(source, name)).filter(existsSync)) {
    for (const [, tree] of code(entry).matchAll(/\bpub(?:\(crate\))? use ([^;]+);/g)) {
      for (const path of paths(tree.replace(/\s+/g, ' '))) {
        const [first, ...rest] = path.replace(/^(crate|self)::/, '').split('::')
        const name = rest.at(-1)?.split(' as ').at(-1).trim()
        if (names.has(first) && name) exported.set(name, first)
      }
    }
  }
  const graph = new Map([...names].map((name) => [name, new Map()]))
  for (const path of all) {
    const own = moduleOf(source, path)
    if (!names.has(own)) continue
    const text = code(path)
    const depth = relative(source, path).replace(/(\/mod)?\.rs$/, '').split('/').length
    const uses = []
    for (const [, tree] of text.matchAll(/\buse ((?:crate|super)[^;]+);/g)) uses.push(...paths(tree.replace(/\s+/g, ' ')))
    for (const [path] of text.replace(/\buse [^;]+;/g, '').matchAll(/\b(?:crate|super)(?:::\w+)+/g)) uses.push(path)
    for (const use of uses) {
      const steps = use.split('::').map((step) => step.trim())
      let level = depth
      while (steps[0] === 'super') {
        steps.shift()
        level -= 1
      }
      if (steps[0] === 'crate') {
        steps.shift()
        level = 0
      }
      if (level !== 0 || !steps[0]) continue
      const first = steps[0].split(' as ')[0]
      const other = names.has(first) ? first : exported.get(first)
      if (other && other !== own && !graph.get(own).has(other)) graph.get(own).set(other, `${relative(root, path)}: ${use}`)
    }
  }
  return graph
}

compareTable()
const between = new Map(crates.map((crate) => [crate, dependencies(crate)]))
for (const circle of circles(between)) problems.push(`crates in a circle: ${circle.join(', ')}`)
for (const crate of crates) {
  const graph = modules(crate)
  const found = circles(new Map([...graph].map(([name, others]) => [name, [...others.keys()]])))
  for (const circle of found) {
    problems.push(`crates/${crate}: modules in a circle: ${circle.join(', ')}`)
    for (const name of circle) {
      for (const [other, use] of graph.get(name)) if (circle.includes(other)) problems.push(`    ${name} → ${other}   ${use}`)
    }
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
