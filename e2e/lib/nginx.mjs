// nginx in front of several instances, configured as docs/operations.md recommends.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './porta.mjs'
import { request } from './http.mjs'

/**
 * What is safe goes to another instance after two silent seconds. A POST does only when no byte of it was sent: nginx
 * cannot know whether it was carried out, the client can (a refresh token has a replay window, a code does not). Nor are
 * connections for POSTs kept, as one that the other side is just closing would lose the request.
 */
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
  access_log ${dir}/access.log served;
  upstream porta {
${instances.map((instance) => `    server 127.0.0.1:${instance} max_fails=1 fail_timeout=1s;`).join('\n')}
  }
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_connect_timeout 1s;
    location / {
      error_page 418 = @unsafe;
      recursive_error_pages on;
      if ($request_method !~ ^(GET|HEAD)$) { return 418; }
      proxy_pass http://porta;
      proxy_read_timeout 2s;
      proxy_next_upstream error timeout http_502 http_503 http_504;
      proxy_next_upstream_tries 3;
    }
    location @unsafe {
      proxy_set_header Connection close;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_pass http://porta;
      proxy_read_timeout 30s;
      proxy_next_upstream error timeout;
    }
  }
}
`

export class Nginx {
  /** On `port`, before the loopback ports `instances`. */
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

  /** `{ from, by, method, status }` of each request; `by` is the port that answered in the end. */
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
