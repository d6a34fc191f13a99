import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mapEntries } from '../support/kernel-maps.ts'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { type Reported, startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const PYTHON = pathOf('/usr/bin/python3')

let workshop: Workshop
let certificate: Certificate
let nginx: Nginx
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  nginx = await startNginx(workshop, certificate, 9)
  nginx.publish('page.txt', 'A page')
  agent = await startWatching(workshop, { config: configuration() })
})
afterAll(() => workshop.close())

function configuration(): string {
  const custom = [
    `{ exe: ${workshop.folder}/exact-CURL, strategy: exact }`,
    `{ exe: ${workshop.folder}/prefix-, strategy: prefix }`,
    '{ exe: /named-by-suffix }',
    '{ exe: with-CONTAINS, strategy: contains }',
    `{ exe: '^/.*/regex-[a-c]+$', strategy: regex }`,
    '{ exe: /first-wins, only: [tls] }',
    '{ exe: first-wins }',
    '{ exe: /no-data, only: [data] }',
    '{ exe: /no-tls, only: [tls] }',
    '{ exe: /no-http, only: [http] }',
    '{ exe: /no-http-no-tls, only: [http, tls] }',
    '{ exe: /forking-python, strategy: suffix }',
  ]
  return `version: 2
services: { event_stores: [{ type: stdout }], object_stores: [{ type: stdout }] }
stacks: { e2e: { plugins: [{ type: http_capture, config: { level: full } }] } }
tap:
  direction: all
  http: { stack: e2e }
  filters:
    groups: [kubernetes, gke]
    custom: [${custom.join(', ')}]
`
}

/** A program of this name, which does what another does. */
function copyOf(file: string, name: string): string {
  const copy = join(workshop.folder, name)
  mkdirSync(join(copy, '..'), { recursive: true })
  copyFileSync(file, copy)
  return copy
}

let requests = 0
async function ask(program: string, base = nginx.plain, env: NodeJS.ProcessEnv = {}): Promise<string> {
  requests += 1
  const url = `${base}/files/page.txt?filters-${requests}`
  const words = ['-sS', '-o', '/dev/null', '--http1.1', '--cacert', certificate.certificateFile, url]
  await workshop.run(program, words, { env: { ...process.env, ...env } })
  return url
}

/** Which ends of it were seen, once the server's was: what the client does comes before, or not at all. */
async function seen(url: string): Promise<readonly string[]> {
  const isServed = (one: { exe: string; url: string }) => one.exe === NGINX && one.url === url
  await agent.exchanges.until(isServed)
  const control = await ask(CURL)
  await agent.exchanges.until((one) => one.exe === CURL && one.url === control)
  return agent.exchanges.all.flatMap((one) => (one.url === url && one.exe !== NGINX ? [one.exe] : []))
}

interface ConnectionItem {
  readonly source: { readonly exe?: string; readonly pid?: number }
  readonly destination: { readonly exe?: string }
  readonly tags?: Readonly<Record<string, readonly string[]>>
  readonly finalized?: boolean
  readonly bytesSent?: number
  readonly bytesReceived?: number
}

function connectionsOf(exe: string): readonly ConnectionItem[] {
  return agent.events.all
    .map(({ item }) => item as unknown as ConnectionItem)
    .filter((item) => item.source?.exe === exe)
}

async function closedConnectionOf(exe: string): Promise<ConnectionItem> {
  const isIt = ({ type, item }: Reported) => {
    const { source, finalized } = item as unknown as ConnectionItem
    return type === '*eventstore.Connection' && finalized === true && source.exe === exe
  }
  const [event] = await agent.events.until(isIt)
  return event?.item as unknown as ConnectionItem
}

test.for(['exact-curl', 'prefix-curl', 'bin/named-by-suffix', 'one-with-contains-two', 'regex-abc'])(
  'traffic of %s is left alone',
  async (name) => {
    const program = copyOf(CURL, name)
    for (const base of [nginx.plain, nginx.tls]) expect(await seen(await ask(program, base))).toEqual([])
    expect(connectionsOf(program)).toEqual([])
  },
)

test.for(['exact-curl-2', 'not-prefix-curl', 'named-by-suffix-2', 'regex-ABC'])(
  'traffic of %s is seen',
  async (name) => {
    const program = copyOf(CURL, name)
    for (const base of [nginx.plain, nginx.tls])
      expect(await seen(await ask(program, base))).toEqual([program])
  },
)

test('the first filter that matches decides', async () => {
  const program = copyOf(CURL, 'first-wins')
  expect(await seen(await ask(program))).toEqual([program])
  expect(await seen(await ask(program, nginx.tls))).toEqual([])
})

test.for([
  ['kubernetes', 'kubelet'],
  ['gke', 'gcfsd'],
] as const)('of the group %s, %s is left alone', async ([, name]) => {
  requests += 1
  const url = `${nginx.plain}/files/page.txt?filters-${requests}`
  const there = `/home/kubernetes/bin`
  const run = (file: string) =>
    workshop.run('unshare', [
      '--mount',
      'sh',
      '-ec',
      `mount -t tmpfs none /home; mkdir -p ${there}; cd ${there}
       cp "$0" ${file}; exec ${there}/${file} -sS -o /dev/null "$1"`,
      CURL,
      url,
    ])
  await run(name)
  expect(await seen(url)).toEqual([])
  await run(`${name}2`)
  expect(await seen(url)).toEqual([`${there}/${name}2`])
})

test.for([
  ['no-data', [false, false]],
  ['no-tls', [true, false]],
  ['no-http', [false, false]],
  ['no-http-no-tls', [false, false]],
] as const)('%s: exchanges in plain text and by TLS are seen: %j', async ([name, expected]) => {
  const program = copyOf(CURL, name)
  const plain = await seen(await ask(program, nginx.plain))
  const tls = await seen(await ask(program, nginx.tls))
  expect([plain.length === 1, tls.length === 1]).toEqual(expected)
  // What is left out is a part: the connection itself is told of, with what passed.
  const connection = await closedConnectionOf(program)
  expect(connection.bytesSent).toBeGreaterThan(50)
  expect(connection.bytesReceived).toBeGreaterThan(50)
})

test('a forked child is its parent, and a program it starts is judged by itself', async () => {
  const python = copyOf(PYTHON, 'forking-python')
  requests += 1
  const url = `${nginx.plain}/files/page.txt?filters-${requests}`
  const script = join(workshop.folder, 'forks.py')
  writeFileSync(
    script,
    `import os, sys, urllib.request as u
url, curl = sys.argv[1:]
for generation in range(3):
    u.urlopen(f'{url}-{generation}').read()
    if os.fork() != 0:
        os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
os.execv(curl, [curl, '-sS', '-o', '/dev/null', f'{url}-curl'])
`,
  )
  await workshop.run(python, [script, url, CURL])
  for (const generation of [0, 1, 2]) expect(await seen(`${url}-${generation}`)).toEqual([])
  expect(await seen(`${url}-curl`)).toEqual([CURL])
})

test('the kernel itself lets a child begin with what its parent has, and a program with nothing', async () => {
  const python = copyOf(PYTHON, 'kin/forking-python')
  const script = `import os, sys
pid = os.fork()
if pid == 0:
    sys.stdin.readline()
    os.execv('/bin/sleep', ['sleep', '100'])
print(pid, flush=True)
os.wait()`
  const isLeftOut = (pid: number) => mapEntries<number>(agent.pid, 'ignored').some(({ key }) => key === pid)
  const parent = workshop.start(
    python,
    ['-c', `import sys; sys.stdin.readline(); exec(sys.argv[1])`, script],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  await expect.poll(() => isLeftOut(parent.pid ?? 0)).toBe(true)
  // From here on the agent reads nothing, and so tells the kernel nothing.
  process.kill(agent.pid, 'SIGSTOP')
  try {
    const said = once(parent.stdout ?? parent, 'data')
    parent.stdin?.write('\n')
    const child = Number((await said)[0])
    expect(isLeftOut(child)).toBe(true)
    parent.stdin?.write('\n')
    await expect.poll(() => readFileSync(`/proc/${child}/comm`, 'utf8')).toBe('sleep\n')
    expect(isLeftOut(child)).toBe(false)
    process.kill(child, 'SIGKILL')
    await once(parent, 'exit')
    expect(isLeftOut(parent.pid ?? 0)).toBe(false)
  } finally {
    process.kill(agent.pid, 'SIGCONT')
  }
})

test('a program that asks to be ignored is, with all that it starts', async () => {
  const program = copyOf(CURL, 'asks-to-be-ignored')
  const env = { QPOINT_STRATEGY: 'ignore' }
  for (const base of [nginx.plain, nginx.tls]) expect(await seen(await ask(program, base, env))).toEqual([])
  expect(connectionsOf(program)).toEqual([])
  const other = { QPOINT_STRATEGY: 'ignore,exe.suffix:/somebody-else' }
  expect(await seen(await ask(program, nginx.plain, other))).toEqual([program])
})

test('of a program that asks for audit the connections are told, and nothing of their content', async () => {
  const program = copyOf(CURL, 'asks-for-audit')
  const env = { QPOINT_STRATEGY: 'audit', QPOINT_TAGS: 'tier:gold' }
  expect(await seen(await ask(program, nginx.plain, env))).toEqual([])
  const { tags, bytesSent, bytesReceived } = await closedConnectionOf(program)
  expect(tags).toMatchObject({ strategy: ['audit'], tier: ['gold'], bin: ['asks-for-audit'] })
  expect(bytesSent).toBeGreaterThan(50)
  expect(bytesReceived).toBeGreaterThan(50)
})

test('nobody forwards: who asks for it is observed, and that is said once', async () => {
  const env = { QPOINT_STRATEGY: 'forward' }
  expect(await seen(await ask(CURL, nginx.plain, env))).toEqual([CURL])
  expect(await seen(await ask(CURL, nginx.plain, { QPOINT_STRATEGY: 'proxy' }))).toEqual([CURL])
  expect(agent.said.all.filter(({ message }) => message.includes('QPOINT_STRATEGY'))).toHaveLength(1)
})
