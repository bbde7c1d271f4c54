// Examines a page: labels, language, hints, and the width of a narrow screen; in the drills also with axe-core, with
// screenshots in light and dark. In every run axe-core checks every page of the gallery. Each name is examined once per
// file, and only on the embedded store, because pages do not depend on the store.

import assert from 'node:assert/strict'
import axe from 'axe-core'
import { screenshot } from './browser.mjs'
import { IS_DRILL } from './drills.mjs'
import { STORE } from './porta.mjs'

/** WCAG 2.2 AA, and axe's own good practices. */
const RULES = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  rules: { 'target-size': { enabled: true } },
}
/** For the public root, which has no title because it names nobody: the rule about titles is off. */
export const UNTITLED = { ...RULES, rules: { ...RULES.rules, 'document-title': { enabled: false } } }
const WIDE = { width: 1100, height: 800 }
/** The width of WCAG 2.2 §1.4.10 (reflow). */
export const NARROW = { width: 320, height: 700 }

const examined = new Set()

/** Examines `page`. `expected` overrides the defaults: English, left to right, titled. */
export async function examine(page, name, expected = {}) {
  if (STORE !== 'embedded' || examined.has(name)) return
  examined.add(name)
  await page.waitForLoadState()
  assert.deepEqual(await page.evaluate(faults, { language: 'en', direction: 'ltr', titled: true, ...expected }), [], name)
  if (IS_DRILL) await inBothColours(page, name, expected.titled === false ? UNTITLED : RULES)
  await page.setViewportSize(NARROW)
  assert.deepEqual(await page.evaluate(overflowing), [], `${name} at ${NARROW.width} px`)
  if (IS_DRILL) await screenshot(page, `${name}-narrow`)
  await page.setViewportSize(WIDE)
}

async function inBothColours(page, name, rules) {
  await assertAccessible(page, name, rules)
  await screenshot(page, `${name}-light`)
  await page.emulateMedia({ colorScheme: 'dark' })
  await assertAccessible(page, `${name}, dark`, { runOnly: { type: 'rule', values: ['color-contrast'] } })
  await screenshot(page, `${name}-dark`)
  await page.emulateMedia({ colorScheme: 'light' })
}

/** axe-core finds no violation, whatever its impact. */
export async function assertAccessible(page, name, options = RULES) {
  await page.waitForLoadState()
  // By evaluation: the page's content security policy would not let it load a script.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(`${axe.source}; undefined`)
  const { violations } = await page.evaluate((given) => globalThis.axe.run(given), options)
  const told = violations.map(({ id, impact, help, nodes }) => {
    const where = nodes.map(({ html, any }) => `${html} ${any.map(({ message }) => message).join('; ')}`)
    return `${impact}: ${id}: ${help}\n    ${where.join('\n    ')}`
  })
  assert.deepEqual(told, [], `axe on ${name}`)
}

/** Runs in the page. Finds what is missing or wrong for browsers, password managers and screen readers. */
function faults({ language, direction, titled }) {
  const found = []
  const root = document.documentElement
  if (root.lang !== language) found.push(`lang is ${root.lang}, not ${language}`)
  if (root.dir !== direction) found.push(`dir is ${root.dir}, not ${direction}`)
  if (Boolean(document.title.trim()) !== titled) found.push(`the title is "${document.title}"`)
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1')
  const tokens = {
    email: ['username'],
    username: ['username'],
    currentPassword: ['current-password'],
    password: [document.querySelector('[name=confirmPassword]') ? 'new-password' : 'current-password'],
    confirmPassword: ['new-password'],
    code: [document.querySelector('[name=codeType][value=recovery]') ? 'off' : 'one-time-code'],
  }
  for (const field of document.querySelectorAll('input:not([type=hidden])')) {
    const token = field.getAttribute('autocomplete')
    if (!tokens[field.name]?.includes(token)) found.push(`autocomplete of ${field.name} is ${token}`)
    // A hidden field with the user name for password managers needs no label.
    if (field.getAttribute('aria-hidden') === 'true') continue
    if (![...field.labels].some((label) => label.textContent.trim())) found.push(`${field.name} has no label`)
    const described = (field.getAttribute('aria-describedby') ?? '').split(/\s+/).filter(Boolean)
    for (const id of described) {
      if (!document.getElementById(id)?.textContent.trim()) found.push(`${field.name} is described by ${id}, which is not there`)
    }
    if (field.getAttribute('aria-invalid') === 'true') {
      const alerts = described.filter((id) => document.getElementById(id)?.getAttribute('role') === 'alert')
      if (alerts.length === 0) found.push(`${field.name} is wrong, but no alert describes it`)
    }
  }
  return found
}

/** Runs in the page. Finds elements without text, as when a message has no translation. */
export function wordless() {
  const found = []
  for (const element of document.querySelectorAll('title, h1, h2, h3, p, label, legend, button, a, option, th, li')) {
    const said = element.textContent.trim() || element.getAttribute('aria-label')?.trim() || element.querySelector('[alt]')?.alt
    if (!said) found.push(`<${element.tagName.toLowerCase()} class="${element.className}"> says nothing`)
  }
  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
    const isShown = field.getAttribute('aria-hidden') !== 'true'
    if (isShown && ![...field.labels].some((label) => label.textContent.trim())) found.push(`${field.name} has no label`)
  }
  for (const named of document.querySelectorAll('[aria-label], [placeholder], img:not([alt=""]), [title]')) {
    for (const attribute of ['aria-label', 'placeholder', 'alt', 'title']) {
      if (named.getAttribute(attribute)?.trim() === '') found.push(`${named.tagName.toLowerCase()}: ${attribute} is empty`)
    }
  }
  return found
}

/** Runs in the page. Finds elements that reach beyond the screen, and buttons and links with overflowing content. */
export function overflowing() {
  const found = []
  const width = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth > width) found.push(`scrolls sideways: ${document.documentElement.scrollWidth} px`)
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('svg') || element.matches('.away, script')) continue
    const { left, right, width: own } = element.getBoundingClientRect()
    const what = `${element.tagName.toLowerCase()}.${element.className} "${element.textContent.trim().slice(0, 40)}"`
    if (own > 0 && (left < -0.5 || right > width + 0.5)) found.push(`${what} from ${left} to ${right} px`)
    if (element.matches('button, a') && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) {
      found.push(`${what} does not fit: ${element.scrollWidth} in ${element.clientWidth} px`)
    }
  }
  return found
}

/** Runs in the page. Whether the focused element looks different from when it has no focus. */
function focusShows() {
  const element = document.activeElement
  const look = () => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element)
    const outline = outlineStyle === 'none' || outlineWidth === '0px' ? '' : `${outlineWidth} ${outlineColor}`
    return `${outline} ${boxShadow}`
  }
  const focused = look()
  element.blur()
  const blurred = look()
  element.focus()
  return focused !== blurred
}

/** Presses Tab until `locator` has the focus, and checks at every stop that the focus is visible. */
export async function tabTo(page, locator) {
  const wanted = await locator.elementHandle()
  for (let presses = 0; presses < 30; presses += 1) {
    const at = await page.evaluate((element) => {
      const { activeElement } = document
      return { here: activeElement === element, nowhere: activeElement === document.body, html: activeElement.outerHTML }
    }, wanted)
    if (!at.nowhere) assert.ok(await page.evaluate(focusShows), `the focus does not show on ${at.html.slice(0, 200)}`)
    if (at.here) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`30 times Tab do not lead to ${locator}`)
}
