/**
 * The whole agent and real programs on the kernel they stand on. Runs under Node's own test runner: `run.sh`
 * takes it into small machines with other kernels, where nothing is that serves development only.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { hostname, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { after, test } from 'node:test'

/** Emulated processors are slow. */
const STEP_MS = 100_000
const UPLOAD_BYTES = 100_000
const DOWNLOAD_BYTES = 200_000

const QTAP = new URL('../../bin/qtap', import.meta.url).pathname
const CURL = pathOf('curl')
const NGINX = pathOf('nginx')
const BUSYBOX = pathOf('busybox')
const NAME_SERVER = '127.9.9.9'

const folder = mkdtempSync(join(tmpdir(), 'qtap-kernels-'))
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

await test(`kernel ${release()}`, { timeout: 2 * STEP_MS }, async (kernel) => {
  const ports = { plain: await freePort(), tls: await freePort() }
  const plain = `http://127.0.0.1:${ports.plain}`
  const tls = `https://localhost:${ports.tls}`
  await startNginx(ports)
  const connections = new Agent({ keepAlive: true, maxSockets: 1 })
  await request(`${plain}/early`, connections)

  const { agent, said, exchanges } = startAgent()
  const watching = await said.until((line) => line.message === 'watching')
  kernel.diagnostic(`watching after ${Math.round(performance.now() / 1000)} s`)
  const programs = programsOf(agent.pid ?? 0)

  await kernel.test('every program is attached, TLS files are found', () => {
    assert.ok(programs.length >= 8, `${programs.length} programs`)
    assert.ok(Number(watching['tls_files']) >= 1)
    assert.equal(watching['network_namespaces_missed'], 0)
  })

  await kernel.test('both ends of a plain exchange, and of the one behind it, are seen whole', async () => {
    const url = `${plain}/upload`
    await curl(url, '--data-binary', `@${join(folder, 'upload')}`, '-H', 'Expect:')
    const behind = url.replace('/upload', '/behind')
    for (const [exe, direction, at] of [
      [CURL, 'egress-external', url],
      [NGINX, 'ingress', url],
      [NGINX, 'egress-external', behind],
      [NGINX, 'ingress', behind],
    ])
      await exchanges.until(({ seen }) => seen === `${exe} ${direction} POST ${at} 202 complete`)
  })

  for (const version of ['1.3', '1.2'])
    await kernel.test(`both ends of an exchange in TLS ${version} are seen whole`, async () => {
      const url = `${tls}/download?${version}`
      await curl(url, '--cacert', join(folder, 'certificate'), '--tls-max', version)
      await exchanges.until(({ seen }) => seen === `${CURL} egress-external GET ${url} 200 complete`)
      await exchanges.until(({ seen }) => seen === `${NGINX} ingress GET ${url} 200 complete`)
    })

  await kernel.test('who connects is known without a byte, and by what it asks for itself', () =>
    connectOnly(ports.plain, exchanges),
  )
  await kernel.test('a look-up of a name is seen', () => lookUp(exchanges))

  await kernel.test('a connection that was there before the agent is seen', async () => {
    const url = `${plain}/late`
    await request(url, connections)
    const node = realpathSync(process.execPath)
    for (const start of [`${node} egress-external GET ${url} 404`, `${NGINX} ingress GET ${url} 404`])
      await exchanges.until(({ seen }) => seen?.startsWith(start) ?? false)
    connections.destroy()
  })

  await kernel.test('on SIGTERM it ends in order and nothing stays attached', async () => {
    const ended = once(agent, 'exit')
    agent.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
    const stopped = await said.until((line) => line.message === 'stopped')
    assert.equal(stopped['records_lost'], 0)
    const deadline = performance.now() + STEP_MS
    // The kernel frees programs some time after their last user is gone.
    while (loaded(programs).length > 0 && performance.now() < deadline);
    assert.deepEqual(loaded(programs), [])
  })

  await kernel.test('of a command that is run under watch, only what it does is seen', () =>
    watchCommand([`${tls}/one`, `${plain}/two`]),
  )
})

/** Path of a program's file, as the kernel tells it. */
function pathOf(program: string): string {
  return realpathSync(execFileSync('which', [program], { encoding: 'utf8' }).trim())
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function startNginx(ports: { readonly plain: number; readonly tls: number }): Promise<void> {
  writeFileSync(join(folder, 'upload'), Buffer.alloc(UPLOAD_BYTES, 'up '))
  writeFileSync(join(folder, 'download'), Buffer.alloc(DOWNLOAD_BYTES, 'down '))
  const certificate = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'certificate')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...key, ...certificate, ...files], { stdio: 'pipe' })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}
http {
  access_log off; keepalive_timeout 600; client_body_buffer_size ${UPLOAD_BYTES};
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${ports.plain};
    listen 127.0.0.1:${ports.tls} ssl;
    ssl_certificate ${folder}/certificate; ssl_certificate_key ${folder}/key;
    location /upload { proxy_pass http://127.0.0.1:${ports.plain}/behind; proxy_set_header Host $http_host; }
    location /behind { return 202; }
    location /download { alias ${folder}/download; }
    location / { return 404; }
  }
}
`,
  )
  const nginx = spawn(NGINX, ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'inherit' })
  children.push(nginx)
  const gone = once(nginx, 'exit').then(() => Promise.reject(new Error('nginx has ended')))
  const tries = ['--no-show-error', '--retry', '100', '--retry-connrefused', '--retry-delay', '1']
  await Promise.race([curl(`http://127.0.0.1:${ports.plain}/`, ...tries), gone])
  gone.catch(() => {})
}

async function curl(url: string, ...options: readonly string[]): Promise<void> {
  const seconds = String(STEP_MS / 1000)
  const child = spawn(CURL, ['-sS', '-o', join(folder, 'got'), '--max-time', seconds, ...options, url], {
    stdio: 'inherit',
  })
  assert.deepEqual(await once(child, 'exit'), [0, null])
}

async function request(url: string, agent: Agent): Promise<void> {
  const [response] = await once(get(url, { agent }), 'response')
  await once(response.resume(), 'end')
}

interface ConnectionItem {
  readonly socketProtocol: string
  readonly source: { readonly pid?: number; readonly exe?: string; readonly hostname?: string }
  readonly destination: { readonly address: { readonly ip: string } }
  readonly tags: Readonly<Record<string, readonly string[]>>
}

type Lines = ReturnType<typeof linesOf>

interface Line {
  readonly message?: string
  /** Of an exchange: who saw it from which end, and what. */
  readonly seen?: string
  /** Of an event about a connection. */
  readonly item?: ConnectionItem
  readonly [field: string]: unknown
}

/** Gives the path of a configuration that prints a line of JSON for each exchange. */
function writeConfig(): string {
  const file = join(folder, 'qtap.yaml')
  writeFileSync(
    file,
    `version: 2
services: { event_stores: [{ type: stdout }] }
stacks: { printed: { plugins: [{ type: access_logs, config: { mode: summary, format: json } }] } }
tap: { direction: all, ignore_loopback: false, audit_include_dns: true, http: { stack: printed } }
`,
  )
  return file
}

function startAgent() {
  const agent = spawn(QTAP, ['--config', writeConfig(), '--log-encoding', 'json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(agent)
  return { agent, said: linesOf(agent.stderr), exchanges: linesOf(agent.stdout) }
}

async function watchCommand(urls: readonly string[]): Promise<void> {
  const command = [CURL, '-sS', '--cacert', join(folder, 'certificate'), ...urls]
  const child = spawn(QTAP, ['--config', writeConfig(), 'exec', '--', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  children.push(child)
  const ended = once(child, 'close')
  const { until, all } = linesOf(child.stderr)
  for (const url of urls)
    await until(({ seen }) => seen === `${CURL} egress-external GET ${url} 404 complete`)
  assert.deepEqual(await ended, [0, null])
  assert.equal(all.filter(({ seen }) => seen).length, urls.length)
}

async function connectOnly(port: number, told: Lines): Promise<void> {
  const env = { ...process.env, QPOINT_TAGS: 'seen:here', QPOINT_STRATEGY: 'audit' }
  const options = { env, stdio: 'ignore' } as const
  const child = spawn(BUSYBOX, ['nc', '127.0.0.1', String(port)], options)
  const exit = once(child, 'exit')
  const { item } = await told.until(({ item }) => item?.source.pid === child.pid)
  const { exe, hostname: host } = item?.source ?? {}
  assert.deepEqual({ exe, host }, { exe: BUSYBOX, host: hostname() })
  assert.deepEqual([item?.tags['seen'], item?.tags['strategy']], [['here'], ['audit']])
  child.kill()
  await exit
}

async function lookUp(told: Lines): Promise<void> {
  const server = createSocket('udp4')
  server.on('message', (query, { port, address }) => {
    query.writeUInt16BE(0x8183, 2) // An answer: there is no such name.
    server.send(query, port, address)
  })
  server.bind(53, NAME_SERVER)
  await once(server, 'listening')
  const child = spawn(BUSYBOX, ['nslookup', '-type=a', 'nowhere.test', NAME_SERVER], { stdio: 'ignore' })
  const { item } = await told.until(({ item }) => item?.destination.address.ip === NAME_SERVER)
  assert.deepEqual([item?.socketProtocol, item?.source.exe], ['udp', BUSYBOX])
  if (child.exitCode === null) await once(child, 'exit')
  server.close()
}

/** Lines of JSON. `until` gives the first that is wanted, come or to come, and fails with all there were. */
function linesOf(stream: Readable) {
  const lines: Line[] = []
  const reader = createInterface(stream)
  reader.on('line', (text) => lines.push(parse(text)))
  return { until, all: lines }

  async function until(wanted: (line: Line) => boolean): Promise<Line> {
    const signal = AbortSignal.timeout(STEP_MS)
    for (let at = 0; ; at += 1) {
      while (at === lines.length) {
        const next = once(reader, 'line', { signal })
        const end = once(reader, 'close', { signal })
        const more = await Promise.race([next, end]).catch(() => [])
        if (more.length === 0) assert.fail(`never came; there were:\n${lines.map(describe).join('\n')}`)
      }
      const line = lines[at]
      if (line && wanted(line)) return line
    }
  }
}

function parse(text: string): Line {
  try {
    const line = JSON.parse(text)
    const { exe, direction, method, url, status, completeness = 'complete' } = line
    return exe ? { ...line, seen: [exe, direction, method, url, status, completeness].join(' ') } : line
  } catch {
    return { message: text }
  }
}

function describe(line: Line): string {
  return line.seen ?? JSON.stringify(line)
}

/** Numbers of the BPF programs that a process holds. */
function programsOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const found = /^prog_id:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))
    return found ? [Number(found[1])] : []
  })
}

function loaded(programs: readonly number[]): readonly number[] {
  const all: readonly { id: number }[] = JSON.parse(
    execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' }),
  )
  return programs.filter((program) => all.some(({ id }) => id === program))
}
