// The documentation site. Pages are the Markdown files of docs/, which read as well where the repository is browsed;
// a link to nowhere ends the build.

import { existsSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const docs = fileURLToPath(new URL('..', import.meta.url))
const repository = resolve(docs, '..')
const BROWSE = 'https://github.com/blendsdk/porta/blob/main'

const page = (text, link) => ({ text, link })

const sidebar = [
  {
    text: 'Start',
    items: [page('Quick start', '/quick-start'), page('Concepts', '/concepts'), page('Provisioning', '/provisioning')],
  },
  {
    text: 'For application developers',
    items: [
      page('Which guide is mine?', '/guides/'),
      page('Node: openid-client', '/guides/openid-client'),
      page('Browser: oauth4webapi', '/guides/browser'),
      page('Express', '/guides/express'),
      page('Next.js: Auth.js', '/guides/nextjs'),
      page('Spring Security', '/guides/spring'),
      page('ASP.NET Core', '/guides/aspnet'),
      page('Python: Authlib', '/guides/python'),
      page('Go: go-oidc', '/guides/go'),
      page('Rust: openidconnect', '/guides/rust'),
      page('oauth2-proxy and nginx', '/guides/oauth2-proxy'),
      page('Protecting an API', '/guides/resource-server'),
    ],
  },
  {
    text: 'For operators',
    items: [
      page('Deploy', '/deploy'),
      page('Operations', '/operations'),
      page('Upgrade', '/operate/upgrade'),
      page('Back up and restore', '/operate/backup'),
      page('Move to the other storage', '/operate/move'),
      page('Rotate', '/operate/rotate'),
      page('Scale', '/operate/scale'),
      page('Watch', '/operate/watch'),
      page('Runbooks', '/operate/runbooks'),
      page('Branding', '/branding'),
      page('Not in this build', '/operate/not-yet'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('Environment', '/configuration'),
      page('Settings', '/settings'),
      page('Command line', '/reference/cli'),
      page('Output of the command line', '/reference/cli-output'),
      page('Coverage of the command line', '/reference/cli-coverage'),
      page('Endpoints', '/endpoints'),
      page('Admin API', '/reference/admin-api'),
      page('Coverage of the Admin API', '/reference/admin-coverage'),
      page('Audit events', '/reference/audit-events'),
      page('Metrics', '/metrics'),
      page('Performance', '/performance'),
    ],
  },
  {
    text: 'Behind it',
    items: [
      page('Security', '/security'),
      page('Decisions', '/decisions/'),
      page('Traceability', '/traceability'),
      page('Contributing', '/contributing'),
    ],
  },
]

/** Pages that are tables: they get the room of the outline. */
const WIDE = [
  'configuration.md', 'settings.md', 'metrics.md', 'traceability.md', 'reference/admin-coverage.md',
  'reference/audit-events.md', 'reference/cli-coverage.md',
]

/** A link out of docs/ leads to the file where the repository is browsed, and the file must exist. */
function repositoryLinks(md) {
  md.core.ruler.push('repository-links', (state) => {
    for (const block of state.tokens) {
      for (const token of block.children ?? []) {
        const href = token.type === 'link_open' ? token.attrGet('href') : null
        if (!href?.startsWith('.')) continue
        const [path, anchor] = href.split('#')
        const target = resolve(dirname(state.env.path), path)
        if (!relative(docs, target).startsWith('..')) continue
        if (!existsSync(target)) throw new Error(`${state.env.relativePath}: no file behind ${href}`)
        token.attrSet('href', `${BROWSE}/${relative(repository, target)}${anchor ? `#${anchor}` : ''}`)
      }
    }
  })
}

export default defineConfig({
  lang: 'en',
  title: 'Porta',
  description: 'An OpenID Connect provider that you host yourself',
  base: process.env.DOCS_BASE ?? '/',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  cleanUrls: true,
  ignoreDeadLinks: false,
  rewrites: { 'decisions/README.md': 'decisions/index.md' },
  srcExclude: ['node_modules/**'],
  transformPageData(data) {
    if (WIDE.includes(data.relativePath)) data.frontmatter.aside = false
  },
  markdown: { config: repositoryLinks },
  themeConfig: {
    search: { provider: 'local' },
    nav: [page('Start', '/quick-start'), page('Guides', '/guides/'), page('Operate', '/operations'), page('Reference', '/configuration')],
    sidebar,
    outline: [2, 3],
    footer: { message: 'MIT licence' },
  },
})
