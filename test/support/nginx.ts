import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Certificate, connectable, freePort, pathOf, type Workshop } from './programs.ts'

export const NGINX = pathOf('nginx')

/** What nginx itself says of a request it answered. */
export interface Served {
  readonly method: string
  readonly uri: string
  readonly status: number
  /** Head and content, as they passed inside of TLS. */
  readonly requestBytes: number
  readonly responseBytes: number
}

export interface Nginx {
  readonly plain: string
  readonly tls: string
  readonly ports: { readonly plain: number; readonly tls: number }
  /** The same pages by HTTP/2, without asking for it in plain text. */
  readonly http2: { readonly plain: string; readonly tls: string }
  /** Puts a file where `/files/NAME` (read and written), `/sendfile/NAME` and `/gzip/NAME` give it. */
  publish(name: string, content: Uint8Array | string): void
  /** The request with this URI, once it is over. */
  served(uri: string): Promise<Served>
}

/** Debian's nginx with one worker. What is none of its folders goes to `originPort`. */
export async function startNginx(
  workshop: Workshop,
  certificate: Certificate,
  originPort: number,
): Promise<Nginx> {
  const ports = { plain: await freePort(), tls: await freePort() }
  const http2Ports = { plain: await freePort(), tls: await freePort() }
  const root = join(workshop.folder, 'nginx')
  mkdirSync(join(root, 'files'), { recursive: true })
  const log = join(root, 'served.jsonl')
  const configFile = join(root, 'nginx.conf')
  writeFileSync(configFile, configuration({ root, log, certificate, ports, http2Ports, originPort }))
  const child = workshop.start(NGINX, ['-c', configFile, '-p', root], { stdio: 'inherit' })
  const gone = new Promise<never>((_, reject) =>
    child.once('exit', () => reject(new Error('nginx has ended'))),
  )
  gone.catch(() => {})
  await Promise.race([connectable(ports.tls), gone])
  return {
    plain: `http://localhost:${ports.plain}`,
    tls: `https://localhost:${ports.tls}`,
    ports,
    http2: {
      plain: `http://localhost:${http2Ports.plain}`,
      tls: `https://localhost:${http2Ports.tls}`,
    },
    publish: (name, content) => writeFileSync(join(root, 'files', name), content),
    served: (uri) => Promise.race([lineAbout(log, uri), gone]),
  }
}

interface Layout {
  readonly root: string
  readonly log: string
  readonly certificate: Certificate
  readonly ports: Nginx['ports']
  readonly http2Ports: Nginx['ports']
  readonly originPort: number
}

function configuration({ root, log, certificate, ports, http2Ports, originPort }: Layout): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${root}/${name};`,
  )
  const fields = '"method":"$request_method","uri":"$request_uri","status":$status'
  const bytes = '"requestBytes":$request_length,"responseBytes":$bytes_sent'
  return `daemon off; user root; worker_processes 1; pid ${root}/pid; error_log stderr; events {}
http {
  log_format served escape=json '{${fields},${bytes}}';
  access_log ${log} served;
  ${temporary.join(' ')}
  default_type application/octet-stream; types { text/plain txt; }
  keepalive_timeout 600; keepalive_requests 100000; client_max_body_size 100m;
  ssl_certificate ${certificate.certificateFile}; ssl_certificate_key ${certificate.keyFile};
  server {
    listen 127.0.0.1:${ports.plain};
    listen 127.0.0.1:${ports.tls} ssl;
    listen 127.0.0.1:${http2Ports.plain} http2;
    listen 127.0.0.1:${http2Ports.tls} ssl http2;
    ssl_protocols TLSv1.2 TLSv1.3;
    location /files/ { sendfile off; alias ${root}/files/; }
    location /sendfile/ { sendfile on; alias ${root}/files/; }
    location /gzip/ { gzip on; gzip_min_length 1; alias ${root}/files/; }
    location / {
      proxy_pass http://127.0.0.1:${originPort}; proxy_http_version 1.1; proxy_set_header Host $http_host;
    }
  }
}
`
}

/** nginx writes the line when the request is over, a moment after the client has its answer. */
async function lineAbout(log: string, uri: string): Promise<Served> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; ) {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
    for (const line of lines) {
      if (line === '') continue
      const served: Served = JSON.parse(line)
      if (served.uri === uri) return served
    }
    await new Promise(setImmediate)
  }
  throw new Error(`nginx says nothing of ${uri}`)
}
