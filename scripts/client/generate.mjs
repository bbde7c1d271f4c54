// Generates the client of the Admin API from docs/reference/openapi.json. With `--check` it changes nothing, and fails if
// a committed file differs from what the document gives.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { calls } from './calls.mjs'
import { readModel } from './model.mjs'
import { sources } from './rust.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isCheck = process.argv[2] === '--check'
const model = readModel(join(root, 'docs/reference/openapi.json'))

/** Files that are there, relative to a directory. */
function present(directory, below = '') {
  if (!existsSync(join(directory, below))) return []
  return readdirSync(join(directory, below)).flatMap((name) => {
    const path = join(below, name)
    return statSync(join(directory, path)).isDirectory() ? present(directory, path) : [path]
  })
}

const stale = []
for (const [place, files] of [['crates/client/src/generated', sources(model)], ['crates/client/tests/it/calls', calls(model)]]) {
  const directory = join(root, place)
  for (const path of present(directory).filter((path) => !files.has(path))) {
    stale.push(join(place, path))
    if (!isCheck) rmSync(join(directory, path))
  }
  for (const [path, text] of files) {
    const file = join(directory, path)
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
    stale.push(join(place, path))
    if (isCheck) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}
if (isCheck && stale.length > 0) {
  console.error(`differs from docs/reference/openapi.json; run  node scripts/client/generate.mjs\n${stale.join('\n')}`)
  process.exit(1)
}
