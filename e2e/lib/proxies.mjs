// Runs Debian's nginx, Apache and Caddy with the files of ops/, in which only names, ports, certificate and upstreams
// are replaced, on loopback ports and without root.

import { execFile, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { certificates } from './proxy.mjs'
import { eventually, freePort } from './porta.mjs'
import { request } from './http.mjs'

const run = promisify(execFile)
const OPS = fileURLToPath(new URL('../../ops', import.meta.url))
const NOBODY = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {}
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

/** A file of ops/ with texts replaced. Each text must occur, so that the test cannot drift from the file. */
export function shipped(name, replacements) {
  let text = readFileSync(join(OPS, name), 'utf8')
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`ops/${name} does not contain ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

const APACHE_MODULES = ['mpm_event', 'authz_core', 'ssl', 'socache_shmcb', 'proxy', 'proxy_http', 'headers', 'reqtimeout', 'rewrite', 'setenvif', 'alias']

// The body limit of each file, and its replacement for `lax`.
const LIMITS = {
  nginx: ['client_max_body_size 56k;', 'client_max_body_size 1m;'],
  apache2: ['-gt 57344', '-gt 1048576'],
  caddy: ['respond @large 413', ''],
}

// For each program: its configuration, the command that runs it, and the command that checks the configuration. `at` is
// the directory, `up` the addresses of the instances.
const KINDS = {
  nginx: {
    config: ({ at, http, https, up }) => `
      pid ${at}/pid;
      error_log ${at}/log warn;
      daemon off;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${at}/${what};`).join('\n')}
        ${shipped('nginx/porta.conf', [
          ['listen 80;', `listen 127.0.0.1:${http};`],
          ['listen 443 ssl;', `listen 127.0.0.1:${https} ssl;`],
          ['server_name id.example.com;', 'server_name localhost;'],
          ['/etc/ssl/porta/fullchain.pem', `${at}/cert.pem`],
          ['/etc/ssl/porta/privkey.pem', `${at}/key.pem`],
          ['server 127.0.0.1:3000 ', up.map((one) => `server ${one} `).join('max_fails=0;\n')],
          ['/var/log/nginx/', `${at}/`],
        ])}
      }`,
    command: (file) => ['nginx', '-e', 'stderr', '-c', file],
    check: (file) => ['nginx', '-e', 'stderr', '-t', '-c', file],
  },
  apache2: {
    config: ({ at, http, https, up }) => `
      ServerRoot ${at}
      DefaultRuntimeDir ${at}
      PidFile ${at}/pid
      Mutex file:${at}
      ErrorLog ${at}/log
      Define APACHE_LOG_DIR ${at}
      ServerName localhost
      Listen 127.0.0.1:${http}
      Listen 127.0.0.1:${https}
      ${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
      # One process, as each has connections of its own to the server.
      ServerLimit 1
      StartServers 1
      ThreadsPerChild 25
      MaxRequestWorkers 25
      ${shipped('apache/porta.conf', [
        ['*:80', `127.0.0.1:${http}`],
        ['*:443', `127.0.0.1:${https}`],
        ['ServerName id.example.com', 'ServerName localhost'],
        ['/etc/ssl/porta/fullchain.pem', `${at}/cert.pem`],
        ['/etc/ssl/porta/privkey.pem', `${at}/key.pem`],
        ['http://127.0.0.1:3000/', `http://${up[0]}/`],
      ])}`,
    command: (file) => ['apache2', '-DFOREGROUND', '-f', file],
    check: (file) => ['apache2', '-t', '-f', file],
  },
  caddy: {
    config: ({ at, http, https, up }) => `
${shipped('caddy/Caddyfile', [
  ['\tservers {', `\tadmin off\n\thttp_port ${http}\n\thttps_port ${https}\n\tskip_install_trust\n\tservers {`],
  // Uncomments what the file has for several instances.
  ['#health_', up.length > 1 ? 'health_' : '#health_'],
  ['#lb_retries', up.length > 1 ? 'lb_retries' : '#lb_retries'],
  ...(up.length > 1 ? [['#handle_errors', 'handle_errors'], ['#\t', '\t'], ['#}', '}']] : []),
  ['id.example.com {', `localhost {\n\tbind 127.0.0.1\n\ttls ${at}/cert.pem ${at}/key.pem`],
  ['127.0.0.1:3000 {', `${up.join(' ')} {`],
])}`,
    command: (file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'],
    check: (file) => ['caddy', 'validate', '--config', file, '--adapter', 'caddyfile'],
  },
}

/** One running proxy in front of `up`, a list of `host:port`. */
export class ReverseProxy {
  /** `lax`: lets a megabyte through, like a proxy whose configuration is not ours. */
  static async start(kind, up, { https, lax = false } = {}) {
    const { config, command, check } = KINDS[kind]
    const proxy = new ReverseProxy()
    const { ca, cert, key } = await certificates()
    const at = mkdtempSync(join(tmpdir(), `porta-e2e-${kind}-`))
    Object.assign(proxy, { at, ca, http: await freePort(), https: https ?? (await freePort()) })
    const file = join(at, 'config')
    writeFileSync(join(at, 'cert.pem'), cert)
    writeFileSync(join(at, 'key.pem'), key)
    const text = config({ at, up, http: proxy.http, https: proxy.https })
    const [limit, laxer] = LIMITS[kind]
    if (!text.includes(limit)) throw new Error(`no limit in the file for ${kind}`)
    writeFileSync(file, lax ? text.replace(limit, laxer) : text)
    mkdirSync(join(at, 'home'))
    if (NOBODY.uid) for (const name of ['.', 'cert.pem', 'key.pem', 'config', 'home']) chownSync(join(at, name), NOBODY.uid, NOBODY.gid)
    chmodSync(join(at, 'key.pem'), 0o600)
    const options = { cwd: at, env: { PATH, HOME: join(at, 'home'), XDG_DATA_HOME: join(at, 'home'), XDG_CONFIG_HOME: join(at, 'home') }, ...NOBODY }
    const [checker, ...checks] = check(file)
    await run(checker, checks, options)

    const [program, ...args] = command(file)
    proxy.output = ''
    proxy.process = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [proxy.process.stdout, proxy.process.stderr]) stream.on('data', (part) => (proxy.output += part))
    proxy.ended = new Promise((done) => proxy.process.on('exit', done))
    try {
      await eventually(`${kind} answers`, async () => {
        if (proxy.process.exitCode !== null) throw Object.assign(new Error(`${kind} ended:\n${proxy.output}`), { final: true })
        return (await request(`https://localhost:${proxy.https}/no-such-page`, { ca })).status > 0
      }, { seconds: 20 })
    } catch (error) {
      await proxy.stop()
      throw error
    }
    return proxy
  }

  /** Everything the proxy has logged. */
  logged() {
    const files = readdirSync(this.at, { withFileTypes: true })
      .filter((file) => file.isFile() && !['config', 'cert.pem', 'key.pem'].includes(file.name))
    return [this.output, ...files.map((file) => readFileSync(join(this.at, file.name), 'utf8'))].join('\n')
  }

  async stop() {
    // All three end quickly on SIGTERM.
    if (this.process.exitCode === null) this.process.kill('SIGTERM')
    await this.ended
    rmSync(this.at, { recursive: true, force: true })
  }
}
