// nginx in front of several instances, with ops/nginx/porta.conf: only names, ports and log format differ, and TLS is
// off, because it does not affect which instance is asked.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './porta.mjs'
import { shipped } from './proxies.mjs'
import { request } from './http.mjs'

const configuration = ({ dir, port, instances }) => `
daemon off;
worker_processes 1;
pid ${dir}/pid;
error_log ${dir}/error.log warn;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  log_format served '$remote_addr|$upstream_addr|$request_method|$status|$request_time';
  ${shipped('nginx/porta.conf', [
    ['listen 80;', `listen unix:${dir}/plain;`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port};`],
    ['server_name id.example.com;', 'server_name localhost;'],
    ['server 127.0.0.1:3000 ', instances.map((instance) => `server 127.0.0.1:${instance} `).join('max_fails=0;\n')],
    ['access_log /var/log/nginx/porta.log porta;', `access_log ${dir}/access.log served;`],
    ['/var/log/nginx/', `${dir}/`],
  ]).replaceAll(/^ *ssl_.*$/gm, '')}
}
`

export class Nginx {
  /** Listens on `port`, in front of the loopback ports `instances`. */
  static async start({ port, instances }) {
    const nginx = new Nginx()
    nginx.dir = mkdtempSync(join(tmpdir(), 'porta-e2e-nginx-'))
    const file = join(nginx.dir, 'nginx.conf')
    writeFileSync(file, configuration({ dir: nginx.dir, port, instances }))
    const path = `${process.env.PATH}:/usr/sbin:/sbin`
    nginx.process = spawn('nginx', ['-p', nginx.dir, '-c', file], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, PATH: path } })
    nginx.ended = new Promise((ended) => nginx.process.on('exit', ended))
    const failed = new Promise((_, fail) => nginx.process.on('error', () => fail(new Error('missing: nginx; run scripts/setup.sh'))))
    const up = eventually('nginx answers', async () => (await request(`http://localhost:${port}/health`)).status === 200, { seconds: 10 })
    await Promise.race([up, failed])
    return nginx
  }

  /** `{ from, by, tries, method, status, seconds }` of each request; `by` is the port of the instance asked last. */
  served() {
    return readFileSync(join(this.dir, 'access.log'), 'utf8').trim().split('\n').map((line) => {
      const [from, upstreams, method, status, seconds] = line.split('|')
      const tried = upstreams.split(/, | : /)
      return { from, by: Number(tried.at(-1).split(':').at(-1)), tries: tried.length, method, status: Number(status), seconds: Number(seconds) }
    })
  }

  async stop() {
    this.process.kill('SIGTERM')
    await this.ended
    rmSync(this.dir, { recursive: true, force: true })
  }
}
