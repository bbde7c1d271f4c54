// A browser without JavaScript: cookies, redirects and forms.
//
// It does what browsers do wherever a sign-in depends on it: cookies by host, path, Secure and SameSite (RFC 6265bis),
// a POST that becomes a GET after 303, `Origin: null` from a page with the referrer policy no-referrer.

import assert from 'node:assert/strict'
import { parse } from 'node-html-parser'
import { request, someAddress, form as encode } from './http.mjs'

const MAX_REDIRECTS = 20
const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

class Cookies {
  #all = new Map()

  store(url, lines = []) {
    for (const line of lines) {
      const [pair, ...attributes] = line.split(';')
      const cut = pair.indexOf('=')
      const cookie = {
        name: pair.slice(0, cut).trim(),
        value: pair.slice(cut + 1).trim(),
        host: url.hostname,
        path: null,
        secure: false,
        httpOnly: false,
        sameSite: 'lax',
        expires: Infinity,
        domain: null,
      }
      for (const attribute of attributes) {
        const [key, ...rest] = attribute.trim().split('=')
        const value = rest.join('=')
        switch (key.toLowerCase()) {
          case 'path': cookie.path = value; break
          case 'secure': cookie.secure = true; break
          case 'httponly': cookie.httpOnly = true; break
          case 'samesite': cookie.sameSite = value.toLowerCase(); break
          case 'domain': cookie.domain = value; break
          case 'max-age': cookie.expires = Date.now() + Number(value) * 1000; break
          case 'expires': if (cookie.expires === Infinity) cookie.expires = Date.parse(value); break
        }
      }
      if (!cookie.path?.startsWith('/')) cookie.path = url.pathname.replace(/\/[^/]*$/, '') || '/'
      assert.equal(cookie.domain, null, `a cookie for a whole domain: ${line}`)
      assert.ok(!cookie.secure || url.protocol === 'https:', `a Secure cookie over http is dropped: ${line}`)
      if (cookie.name.startsWith('__Host-')) {
        assert.ok(cookie.secure && cookie.path === '/', `a browser rejects this __Host- cookie: ${line}`)
      }
      const key = `${cookie.host}|${cookie.path}|${cookie.name}`
      if (cookie.expires <= Date.now()) this.#all.delete(key)
      else this.#all.set(key, cookie)
    }
  }

  list() {
    return [...this.#all.values()].filter((cookie) => cookie.expires > Date.now())
  }

  matching(url, { crossSite, method }) {
    return this.list()
      .filter((cookie) => cookie.host === url.hostname)
      .filter((cookie) => {
        const prefix = cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`
        return url.pathname === cookie.path || url.pathname.startsWith(prefix)
      })
      .filter((cookie) => !cookie.secure || url.protocol === 'https:')
      .filter((cookie) => {
        if (!crossSite || cookie.sameSite === 'none') return true
        return cookie.sameSite === 'lax' && method === 'GET'
      })
      .sort((a, b) => b.path.length - a.path.length)
  }

  clear() {
    this.#all.clear()
  }

  copy() {
    const other = new Cookies()
    other.#all = new Map(this.#all)
    return other
  }
}

/** The page that the agent is on. */
export class Page {
  constructor(response, trail) {
    this.kind = 'page'
    this.response = response
    this.url = response.url
    this.status = response.status
    this.headers = response.headers
    this.trail = trail
    this.root = parse(response.body)
  }

  get text() {
    return this.root.querySelector('body')?.structuredText ?? this.response.body
  }

  get forms() {
    return this.root.querySelectorAll('form')
  }

  get isHtml() {
    return this.response.contentType === 'text/html'
  }

  field(name) {
    return this.root.querySelector(`[name="${name}"]`)
  }

  get loginForm() {
    return this.forms.find((form) => form.querySelector('input[name="password"]')) ?? null
  }

  get isLogin() {
    return this.loginForm !== null && /\/interaction\/[^/]+/.test(this.url)
  }

  /** The form and the button for `approve` or `deny` on a consent page. */
  decision(value) {
    for (const form of this.forms) {
      const button = form.querySelector(`button[name="decision"][value="${value}"]`)
      if (button) return { form, button }
      const hidden = form.querySelector(`input[name="decision"][value="${value}"]`)
      if (hidden) return { form, button: null }
    }
    return null
  }

  get isConsent() {
    return this.decision('approve') !== null
  }

  get abortForm() {
    return this.forms.find((form) => /\/abort$/.test(form.getAttribute('action') ?? '')) ?? null
  }

  get logoutForm() {
    return this.forms.find((form) => form.getAttribute('id') === 'op.logoutForm') ?? null
  }

  get flashError() {
    return this.root.querySelector('.flash-error')?.text.trim() ?? null
  }

  toString() {
    return `page ${this.response.status} ${this.url}\n${this.text.trim().slice(0, 800)}`
  }
}

/** The agent was sent back to the relying party. */
export class Callback {
  constructor({ url, mode, params, pairs, trail, method, page = null }) {
    Object.assign(this, { kind: 'callback', url, mode, params, pairs, trail, method, page })
  }

  toString() {
    return `callback (${this.mode}) ${this.url} ${JSON.stringify(this.params)}`
  }
}

export class Agent {
  /** `stopAt`: address prefixes of relying parties; a redirect or form to one of them ends the navigation. */
  constructor({ stopAt = ['https://rp.example.test/'], from = someAddress(), ca, connect, acceptLanguage } = {}) {
    this.stopAt = stopAt
    this.from = from
    this.ca = ca
    this.connect = connect
    this.acceptLanguage = acceptLanguage
    this.cookies = new Cookies()
  }

  /** A copy with the cookies of this moment. */
  clone() {
    const other = new Agent({ ...this })
    other.cookies = this.cookies.copy()
    return other
  }

  #leaves(url) {
    return this.stopAt.some((prefix) => url.startsWith(prefix))
  }

  /** One request with the matching cookies; redirects are not followed. */
  async raw(target, { method = 'GET', fields, headers = {}, crossSite = false, referrerPolicy } = {}) {
    const url = new URL(target)
    const cookies = this.cookies.matching(url, { crossSite, method })
    const sent = {
      accept: ACCEPT,
      'user-agent': 'porta-e2e',
      'sec-fetch-site': crossSite ? 'cross-site' : 'same-origin',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      ...(this.acceptLanguage ? { 'accept-language': this.acceptLanguage } : {}),
      ...headers,
    }
    if (cookies.length > 0) sent.cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    if (method === 'POST') {
      sent.origin ??= referrerPolicy === 'no-referrer' ? 'null' : crossSite ? 'https://rp.example.test' : url.origin
    }
    const response = await request(target, {
      method,
      headers: sent,
      fields: method === 'POST' ? (fields ?? {}) : undefined,
      from: this.from,
      ca: this.ca,
      connect: this.connect,
    })
    this.cookies.store(url, response.headers['set-cookie'])
    return response
  }

  /** Opens an address, by default as from another site, and follows redirects to a page or a callback. */
  async open(target, { method = 'GET', fields, crossSite = true, referrerPolicy, headers } = {}) {
    const trail = []
    let url = String(target)
    for (;;) {
      const response = await this.raw(url, { method, fields, crossSite, referrerPolicy, headers })
      trail.push({ method, url, status: response.status, location: response.headers.location })
      const { location } = response.headers
      if (response.status >= 300 && response.status < 400 && location !== undefined) {
        const next = new URL(location, url)
        if (this.#leaves(next.href)) return this.#returned(next, trail)
        if (trail.length > MAX_REDIRECTS) {
          assert.fail(`redirect loop:\n${trail.map((hop) => `  ${hop.status} ${hop.url}`).join('\n')}`)
        }
        if (![307, 308].includes(response.status)) {
          method = 'GET'
          fields = undefined
        }
        next.hash = ''
        url = next.href
        continue
      }
      const page = new Page(response, trail)
      return this.#posted(page) ?? page
    }
  }

  #returned(url, trail) {
    const fragment = url.hash.length > 1
    const pairs = [...new URLSearchParams(fragment ? url.hash.slice(1) : url.search)]
    const bare = new URL(url)
    bare.search = ''
    bare.hash = ''
    return new Callback({
      url: url.href,
      mode: fragment ? 'fragment' : 'query',
      method: 'GET',
      pairs,
      params: Object.fromEntries(pairs),
      trail,
    })
  }

  /** OAuth 2.0 Form Post Response Mode: a page whose form goes to the relying party. */
  #posted(page) {
    for (const form of page.forms) {
      const action = form.getAttribute('action')
      if (!action || !this.#leaves(new URL(action, page.url).href)) continue
      assert.equal((form.getAttribute('method') ?? 'get').toLowerCase(), 'post', 'form_post uses POST')
      const enctype = form.getAttribute('enctype') ?? 'application/x-www-form-urlencoded'
      assert.equal(enctype, 'application/x-www-form-urlencoded', 'form_post is urlencoded')
      const pairs = controls(form)
      return new Callback({
        url: action,
        mode: 'form_post',
        method: 'POST',
        pairs,
        params: Object.fromEntries(pairs),
        trail: page.trail,
        page,
      })
    }
    return null
  }

  /** Fills in a form of a page and submits it, with `button` if given. */
  async submit(page, form, values = {}, button = null) {
    assert.ok(form, `the form to submit is not on this page:\n${page}`)
    const pairs = controls(form).filter(([name]) => !(name in values))
    for (const [name, value] of Object.entries(values)) if (value !== undefined) pairs.push([name, value])
    if (button?.getAttribute('name')) pairs.push([button.getAttribute('name'), button.getAttribute('value') ?? ''])
    const action = button?.getAttribute('formaction') ?? form.getAttribute('action') ?? page.url
    const target = new URL(action || page.url, page.url)
    const method = (button?.getAttribute('formmethod') ?? form.getAttribute('method') ?? 'get').toUpperCase()
    const referrerPolicy = page.headers['referrer-policy']
    if (method === 'POST') {
      return this.open(target, { method, fields: pairs, crossSite: false, referrerPolicy })
    }
    target.search = encode(pairs)
    return this.open(target, { crossSite: false })
  }

  /** Submits email and password on the login page. */
  signIn(page, user, password = user.password) {
    assert.ok(page.kind === 'page' && page.isLogin, `expected the login page, got ${page}`)
    return this.submit(page, page.loginForm, { email: user.email, password })
  }

  /** Submits a consent page with `approve` or `deny`. */
  decide(page, value) {
    assert.ok(page.kind === 'page' && page.isConsent, `expected the consent page, got ${page}`)
    const { form, button } = page.decision(value)
    return this.submit(page, form, {}, button)
  }

  /** Submits the cancel form of a login or consent page. */
  abort(page) {
    return this.submit(page, page.abortForm)
  }

  /** Submits the logout page. */
  logOut(page) {
    assert.ok(page.kind === 'page' && page.logoutForm, `expected the logout page, got ${page}`)
    const form = page.logoutForm
    const button = form.querySelector('button[type="submit"][name], button[name], input[type="submit"][name]')
    return this.submit(page, form, {}, button)
  }
}

/** The successful controls of a form, as a browser would send them (HTML §4.10.22.4), without any button. */
export function controls(form) {
  const pairs = []
  for (const element of form.querySelectorAll('input, select, textarea')) {
    const name = element.getAttribute('name')
    if (!name || element.hasAttribute('disabled')) continue
    const type = (element.getAttribute('type') ?? 'text').toLowerCase()
    if (['submit', 'button', 'image', 'reset', 'file'].includes(type)) continue
    if (['checkbox', 'radio'].includes(type)) {
      if (element.hasAttribute('checked')) pairs.push([name, element.getAttribute('value') ?? 'on'])
    } else if (element.tagName === 'TEXTAREA') {
      pairs.push([name, element.text])
    } else if (element.tagName === 'SELECT') {
      const option = element.querySelector('option[selected]') ?? element.querySelector('option')
      if (option) pairs.push([name, option.getAttribute('value') ?? option.text])
    } else {
      pairs.push([name, element.getAttribute('value') ?? ''])
    }
  }
  return pairs
}
