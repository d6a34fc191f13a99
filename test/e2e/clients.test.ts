import { readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, type Headers, sha256Of } from '../support/captured.ts'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import { bytesOf, type Origin, startOrigin } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const WGET = pathOf('wget')
const PYTHON = '/usr/bin/python3'
const BODY = bytesOf(70_001)
const PEAK_BYTES_MAX = 200 << 20
const BUN = '@oven/bun-linux-x64-baseline@1.4.5'

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let nginx: Nginx
let agent: WatchingAgent
let bodyFile: string
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  nginx = await startNginx(workshop, certificate, origin.ports.plain)
  bodyFile = join(workshop.folder, 'body')
  writeFileSync(bodyFile, BODY)
  agent = await startWatching(workshop)
})
afterAll(async () => {
  await origin.close()
  await workshop.close()
})

test.each([
  ['plain', [] as readonly string[]],
  ['TLS 1.2', ['--tls-max', '1.2']],
  ['TLS 1.3', ['--tlsv1.3']],
] as const)(
  'curl and nginx, %s: both ends of a download and an upload are seen whole',
  async (name, options) => {
    const base = name === 'plain' ? nginx.plain : nginx.tls
    const path = name.replaceAll(/\W/g, '')
    nginx.publish(`${path}.bin`, BODY)
    const download = await curl(`${base}/files/${path}.bin?a=1&b=%20`, options)
    await expectBothEnds(download, { method: 'GET', status: 200, request: Buffer.alloc(0), response: BODY })
    const upload = await curl(`${base}/echo/${path}`, [...options, '--data-binary', `@${bodyFile}`])
    await expectBothEnds(upload, { method: 'POST', status: 200, request: BODY, response: BODY })
  },
)

test.each([
  ['requests', PYTHON, 'with-requests.py'],
  ['urllib', PYTHON, 'with-urllib.py'],
  ['asyncio', PYTHON, 'with-asyncio.py'],
  ['fetch of Node.js', process.execPath, 'with-fetch.js'],
  ['node:https', process.execPath, 'with-https.js'],
] as const)('%s over TLS: both ends are seen as they were', async (_name, program, script) => {
  await expectClient(
    pathOf(program),
    [join(import.meta.dirname, 'clients', script)],
    script.replace(/\..*/, ''),
  )
})

test.each(['plain', 'tls'] as const)('wget, %s: both ends are seen as they were', async (way) => {
  const path = `/echo/wget-${way}`
  const got = join(workshop.folder, 'got')
  const options = ['-q', '--ca-certificate', certificate.certificateFile, '--post-file', bodyFile, '-O', got]
  await workshop.run(WGET, [...options, `${origin[way]}${path}`])
  expect(sha256Of(readFileSync(got))).toBe(sha256Of(BODY))
  await expectOfOrigin(way, path, WGET)
})

test('Bun over TLS: both ends are seen as they were', async () => {
  const bun = await installBun()
  // Of a file that is new on this host the first handshake may be missed: this run lets the agent see it.
  await workshop.run(bun, ['--version'])
  await agent.said.until(({ file, message }) => file === bun && message.startsWith('TLS of this file'))
  await expectClient(bun, [join(import.meta.dirname, 'clients', 'with-fetch.js')], 'bun')
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

interface Asked {
  readonly url: string
  readonly requestHeaders: Headers
  readonly responseHeaders: Headers
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** What curl says it sent and received, head by head. */
async function curl(url: string, options: readonly string[]): Promise<Asked> {
  const sizes = '%{size_request} %{size_upload} %{size_header} %{size_download}'
  const always = [
    '-sS',
    '-v',
    '-o',
    '/dev/null',
    '--cacert',
    certificate.certificateFile,
    '-H',
    'Expect:',
    '-w',
    sizes,
  ]
  const { stdout, stderr } = await workshop.run(CURL, [...always, '-H', 'X-Odd: a,  b', ...options, url])
  const [request = 0, upload = 0, header = 0, download = 0] = stdout.toString().split(' ').map(Number)
  return {
    url,
    requestHeaders: headersIn(stderr, '> '),
    responseHeaders: headersIn(stderr, '< '),
    sentBytes: request + upload,
    receivedBytes: header + download,
  }
}

function headersIn(text: string, mark: string): Headers {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith(mark) && line.includes(': '))
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.slice(mark.length).split(': ')
      return [name.toLowerCase(), value.join(': ')]
    }),
  )
}

async function expectBothEnds(
  asked: Asked,
  {
    method,
    status,
    request,
    response,
  }: { method: string; status: number; request: Buffer; response: Buffer },
): Promise<void> {
  const ours = await agent.exchanges.until(isOf(asked.url, CURL, 'egress-external'))
  const theirs = await agent.exchanges.until(isOf(asked.url, NGINX, 'ingress'))
  for (const captured of [...ours, ...theirs]) {
    const { url, requestHeaders, responseHeaders, sentBytes, receivedBytes } = asked
    const heads = { url, requestHeaders, responseHeaders, sentBytes, receivedBytes }
    expect(captured).toMatchObject({ ...heads, method, status, completeness: 'complete' })
    expect(captured.request.sha256).toBe(sha256Of(request))
    expect(captured.response.sha256).toBe(sha256Of(response))
  }
  const served = await nginx.served(asked.url.slice(asked.url.indexOf('/', 8)))
  expect(served).toEqual({
    method,
    uri: served.uri,
    status,
    requestBytes: asked.sentBytes,
    responseBytes: asked.receivedBytes,
  })
}

/** A program that asks for a page and uploads the body, and prints what it got. */
async function expectClient(program: string, words: readonly string[], name: string): Promise<void> {
  const { certificateFile } = certificate
  const { stdout } = await workshop.run(program, [...words, origin.tls, name, certificateFile, bodyFile], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile },
  })
  const told: readonly { status: number; headers: Headers; sha256: string }[] = JSON.parse(stdout.toString())
  const paths = [`/page/${name}?q=1`, `/echo/${name}`]
  expect(told).toHaveLength(paths.length)
  for (const [index, path] of paths.entries()) {
    const { client } = await expectOfOrigin('tls', path, program)
    expect(client.status).toBe(told[index]?.status)
    expect(client.response.sha256).toBe(told[index]?.sha256)
    expect(client.responseHeaders).toEqual(told[index]?.headers)
  }
}

/** Both ends of the one request with this path are as the origin saw it. */
async function expectOfOrigin(
  way: 'plain' | 'tls',
  path: string,
  program: string,
): Promise<{ readonly client: Captured }> {
  const url = origin[way] + path
  const [client] = await agent.exchanges.until(isOf(url, program, 'egress-external'))
  const [server] = await agent.exchanges.until(isOf(url, pathOf(process.execPath), 'ingress'))
  const [passed] = origin.passed(path)
  if (!client || !server || !passed) throw new Error(`${path} did not pass`)
  const { method, headers, answer } = passed
  for (const captured of [client, server]) {
    expect(captured).toMatchObject({ url, method, status: answer.status, completeness: 'complete' })
    expect(captured.requestHeaders).toEqual(headers)
    expect(captured.responseHeaders).toMatchObject(answer.headers)
    expect(captured.request.sha256).toBe(passed.bodySha256)
    expect(captured.response.sha256).toBe(sha256Of(answer.body))
  }
  expect(client).toMatchObject({ sentBytes: server.sentBytes, receivedBytes: server.receivedBytes })
  return { client }
}

function isOf(url: string, exe: string, direction: string): (captured: Captured) => boolean {
  return (captured) => captured.url === url && captured.exe === exe && captured.direction === direction
}

/** The program itself, out of its package, into a folder that stays for the next run. */
async function installBun(): Promise<string> {
  const folder = join(homedir(), '.cache', 'qtap', 'programs')
  await workshop.run('mkdir', ['-p', folder])
  await workshop.run('npm', [
    'install',
    '--prefix',
    folder,
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    BUN,
  ])
  return pathOf(join(folder, 'node_modules', '@oven', 'bun-linux-x64-baseline', 'bin', 'bun'))
}
