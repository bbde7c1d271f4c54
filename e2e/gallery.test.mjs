// Every page in every language and state (the gallery of crates/pages): axe-core in light and in dark, and nothing
// wider than a narrow screen; in the drills also screenshots in English and Arabic. No store is involved.
//
// Languages differ in text and direction, not in colours or structure. So axe-core checks English only, and the other
// languages are checked for missing text and for width; the drills check all languages with axe-core.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { launch, profile, screenshot } from './lib/browser.mjs'
import { IS_DRILL } from './lib/drills.mjs'
import { NARROW, UNTITLED, assertAccessible, overflowing, wordless } from './lib/examine.mjs'
import { BIN } from './lib/porta.mjs'

const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'nl', 'ja', 'ar']
const BOTH_DIRECTIONS = ['en', 'ar']
const THOROUGH = IS_DRILL ? LANGUAGES : ['en']

/** One round trip to the browser for each page, because there are a thousand pages. */
const FACTS = `({
  lang: document.documentElement.lang,
  dir: document.documentElement.dir,
  text: document.body.innerText,
  tooWide: (${overflowing})(),
  silent: (${wordless})(),
})`

let browser
let directory

before(async () => {
  browser = await launch()
  directory = mkdtempSync(join(tmpdir(), 'porta-gallery-'))
  execFileSync(join(dirname(BIN), 'examples/gallery'), [directory, ...LANGUAGES], { stdio: 'inherit' })
})
after(async () => {
  await browser?.close()
  if (directory) rmSync(directory, { recursive: true, force: true })
})

describe('the gallery', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    test(language, async () => {
      const { context, page } = await profile(browser)
      const names = readdirSync(join(directory, language)).filter((name) => /^(?!mail-).*\.html$/.test(name))
      assert.ok(names.length > 50, `${names.length} pages`)
      try {
        for (const name of names) await look(page, language, name.slice(0, -'.html'.length))
      } finally {
        await context.close()
      }
    })
  }
})

async function look(page, language, name) {
  const what = `${language}/${name}`
  // Removes the script of the form-post page, which would submit its form at once.
  const html = readFileSync(join(directory, language, `${name}.html`), 'utf8').replace(/<script>.*<\/script>/s, '')
  // Variants that differ only in a flash message get no screenshot.
  const pictured = IS_DRILL && BOTH_DIRECTIONS.includes(language) && !/Some|mismatch|^(account-overview|login)--[A-Z]/.test(name)
  if (page.viewportSize().width !== NARROW.width) await page.setViewportSize(NARROW)
  await page.setContent(html)
  const { lang, dir, text, tooWide, silent } = await page.evaluate(FACTS)
  assert.equal(lang, language, what)
  assert.equal(dir, language === 'ar' ? 'rtl' : 'ltr', what)
  assert.doesNotMatch(text, /\{\{|\}\}/, `${what}: a placeholder is left`)
  assert.deepEqual(tooWide, [], `${what} at ${NARROW.width} px`)
  assert.deepEqual(silent, name === 'root' ? ['<title class=""> says nothing'] : [], what)
  if (!THOROUGH.includes(language)) return
  await assertAccessible(page, what, name === 'root' ? UNTITLED : undefined)
  if (pictured) await screenshot(page, `gallery-${language}-${name}-narrow`)
  await page.emulateMedia({ colorScheme: 'dark' })
  await assertAccessible(page, `${what}, dark`, { runOnly: { type: 'rule', values: ['color-contrast'] } })
  await page.emulateMedia({ colorScheme: 'light' })
  if (!pictured) return
  await page.setViewportSize({ width: 1100, height: 800 })
  await screenshot(page, `gallery-${language}-${name}`)
}
