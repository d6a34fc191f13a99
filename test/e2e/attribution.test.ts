import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CaptureEvent, Process, SocketOpened } from '../../src/capture/index.ts'
import { mapEntries } from '../support/kernel-maps.ts'
import { NGINX, type Nginx, startNginx } from '../support/nginx.ts'
import { freePort, makeCertificate, openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { type WatchingCapture, watchHere } from '../support/watching-capture.ts'

const CURL = pathOf('curl')
const PYTHON = pathOf('/usr/bin/python3')
const SHELL = pathOf('sh')
const NODE = pathOf(process.execPath)
const CONNECTS = new URL('programs/connects.py', import.meta.url).pathname
const USED_AGAIN_TRIES = 300

/** An entry of the kernel's map of those who are connecting. */
interface Connecting {
  readonly process: number
}

let workshop: Workshop
let nginx: Nginx
let capture: WatchingCapture
/** A program that was there, and had connected, before the agent. */
let older: ReturnType<typeof connecting>
beforeAll(async () => {
  workshop = openWorkshop()
  nginx = await startNginx(workshop, await makeCertificate(workshop), 9)
  const env = { QPOINT_TAGS: 'old:yes', QPOINT_STRATEGY: 'forward', HOME: '/root' }
  older = connecting(nginx.ports.plain, ['--token=abc'], env)
  await older.connect()
  capture = watchHere()
})
afterAll(async () => {
  await workshop.close()
  capture.close()
})

/** Who opened the connection, by the exact way it was started. */
async function openedBy(isIt: (process: Process) => boolean): Promise<Process> {
  const isOpened = (event: CaptureEvent): event is SocketOpened =>
    event.kind === 'opened' && event.process !== undefined && isIt(event.process)
  const { process } = await capture.until(isOpened)
  if (process === undefined) throw new Error('nobody opened it')
  return process
}

const hasArg = (word: string) => (process: Process) => process.args.some((arg) => arg.includes(word))

/** A program that connects for each line that it is given. */
function connecting(port: number, words: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
  const options: SpawnOptions = { stdio: ['pipe', 'pipe', 'inherit'], env }
  const child = workshop.start(PYTHON, [CONNECTS, String(port), ...words], options)
  return { child, connect }

  async function connect(): Promise<void> {
    const said = once(child.stdout ?? child, 'data')
    child.stdin?.write('\n')
    await said
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.stdin?.end()
  await gone
}

test('a curl that lives a few milliseconds is known whole', async () => {
  capture.reconfigure({}, ['TEAM', 'DEPLOYMENT_NAME'])
  const url = `${nginx.plain}/files/none?short&api_key=abc`
  const script = `"$0" -sS -o /dev/null -H "Authorization: Bearer 123" --user me:hunter2 "$1"; true`
  const env = {
    QPOINT_STRATEGY: 'observe,exe.suffix:/none',
    QPOINT_TAGS: 'tier:gold,a:b',
    QPOINT_OTHER: 'not asked for',
    TEAM: 'payments',
    TEAMS: 'not asked for',
    DEPLOYMENT_NAME: 'blue=green',
    DEPLOYMENT_TOKEN: 'not asked for',
  }
  const shell = workshop.start(SHELL, ['-c', script, CURL, url], { env })
  const process = await openedBy(hasArg('short'))
  const masked = url.replace('abc', '***')
  const { QPOINT_STRATEGY, QPOINT_TAGS, TEAM, DEPLOYMENT_NAME } = env
  expect(process).toMatchObject({
    parentPid: shell.pid,
    exe: CURL,
    binary: 'curl',
    args: [CURL, '-sS', '-o', '/dev/null', '-H', 'Authorization: ***', '--user', 'me:***', masked],
    userId: 0,
    userName: 'root',
    hostname: hostname(),
    environment: { QPOINT_STRATEGY, QPOINT_TAGS, TEAM, DEPLOYMENT_NAME },
    strategy: 'observe',
    container: undefined,
    podUid: '',
    skips: 0,
  })
  expect(Object.keys(process.environment)).toHaveLength(4)
  expect(process.ancestors.slice(0, 2)).toEqual([
    { pid: shell.pid, exe: SHELL },
    { pid: globalThis.process.pid, exe: NODE },
  ])
  expect(process.ancestors.length).toBeGreaterThan(2)
})

test('a program that was there before the agent is known by what /proc says', async () => {
  const { child, connect } = older
  await connect()
  const found = await openedBy(({ pid }) => pid === child.pid)
  expect(found).toMatchObject({
    parentPid: process.pid,
    exe: PYTHON,
    args: [PYTHON, CONNECTS, String(nginx.ports.plain), '--token=***'],
    hostname: hostname(),
    environment: { QPOINT_TAGS: 'old:yes', QPOINT_STRATEGY: 'forward' },
    strategy: 'forward',
    skips: 0,
  })
  expect(found.ancestors[0]).toEqual({ pid: process.pid, exe: NODE })
  await ended(child)
})

test('who connects, and who accepts, is known although no byte passes', async () => {
  const { child, connect } = connecting(nginx.ports.plain)
  await connect()
  const opened = await capture.until(
    (event): event is SocketOpened => event.kind === 'opened' && event.process?.pid === child.pid,
  )
  expect(opened).toMatchObject({ role: 'client', remote: { port: nginx.ports.plain }, joinedLate: false })
  const server = await capture.until(
    (event): event is SocketOpened => event.kind === 'opened' && event.remote.port === opened.local.port,
  )
  expect(server).toMatchObject({ role: 'server', process: undefined })
  const accepted = await capture.until(
    (event): event is Extract<CaptureEvent, { kind: 'accepted' }> =>
      event.kind === 'accepted' && event.key === server.key,
  )
  expect(accepted.process.exe).toBe(NGINX)
  expect(accepted.at).toBeGreaterThanOrEqual(server.at)
  await ended(child)
  const keys = [opened.key, server.key]
  expect(capture.events.filter((event) => event.kind === 'bytes' && keys.includes(event.key))).toEqual([])
})

test('a server that was root when it began is the user it works as, thread and forked child too', async () => {
  const script = `import os, socket, sys, threading
waiting = threading.Thread(target=sys.stdin.read, daemon=True)
waiting.start()
if os.fork() == 0:
  os.setresuid(65534, 65534, 65534)
  socket.create_connection(('127.0.0.1', ${nginx.ports.plain})).close()
  os._exit(0)
os.wait()
os.setuid(33)
socket.create_connection(('127.0.0.1', ${nginx.ports.plain})).close()`
  const child = workshop.start(PYTHON, ['-c', script, 'drops-privileges'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const forked = await openedBy(({ parentPid }) => parentPid === child.pid)
  expect(forked).toMatchObject({ userId: 65534, userName: 'nobody' })
  const server = await openedBy(({ pid }) => pid === child.pid)
  expect(server).toMatchObject({ userId: 33, userName: 'www-data' })
})

test('who fails to connect leaves nothing behind', async () => {
  const port = await freePort()
  const script = `import socket, os
for _ in range(20):
  try: socket.create_connection(('127.0.0.1', ${port}))
  except OSError: pass
print(os.getpid())`
  const { stdout } = await workshop.run(PYTHON, ['-c', script])
  await capture.caughtUp()
  const left = mapEntries<Connecting>(process.pid, 'connecting')
  expect(left.filter(({ value }) => value.process === Number(stdout))).toEqual([])
  expect(capture.events.some((event) => event.kind === 'opened' && event.remote.port === port)).toBe(false)
})

test('a machine of its own name is called by that name', async () => {
  const script = `hostname inner-host && exec "${CURL}" -sS -o /dev/null "${nginx.plain}/files/none?inner"`
  await workshop.run('unshare', ['--uts', 'sh', '-c', script])
  expect(await openedBy(hasArg('?inner'))).toMatchObject({ exe: CURL, hostname: 'inner-host' })
})

test.for<[what: string, env: Readonly<Record<string, string>>, names: readonly string[]]>([
  ['a value too long for a record', { QPOINT_TAGS: `long:${'x'.repeat(3000)}` }, []],
  ['more variables than one looks at', { ...many(2000), QPOINT_TAGS: 'a:b' }, []],
  [
    'more names than the kernel compares',
    { N9: 'nine', N1: 'one' },
    Array.from(Array(12), (_, n) => `N${n}`),
  ],
])('%s is read from /proc', async ([, env, names]) => {
  capture.reconfigure({}, names)
  const { child, connect } = connecting(nginx.ports.plain, [], env)
  await connect()
  const { environment } = await openedBy(({ pid }) => pid === child.pid)
  expect(environment).toEqual(
    Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('V'))),
  )
  await ended(child)
})

test('a number that is used again is another process', async () => {
  const first = connecting(nginx.ports.plain)
  await first.connect()
  await ended(first.child)
  const number = first.child.pid ?? 0
  await capture.caughtUp()
  const again = await startAs(number)
  const records = capture.events.flatMap((event) =>
    'process' in event && event.process?.pid === number ? [event.process] : [],
  )
  expect(again.pid).toBe(number)
  const [before, after] = [...new Set(records)]
  expect(before).toMatchObject({ pid: number, exe: PYTHON })
  expect(after).toMatchObject({ pid: number, exe: CURL })
  expect(after?.startedAt).toBeGreaterThan(before?.startedAt ?? Number.POSITIVE_INFINITY)

  /** Runs curl under this very number: the kernel gives out the one behind the last. */
  async function startAs(pid: number): Promise<ChildProcess> {
    for (let tries = 0; tries < USED_AGAIN_TRIES; tries += 1) {
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1))
      const child = workshop.start(CURL, ['-sS', '-o', '/dev/null', `${nginx.plain}/files/none`])
      await once(child, 'close')
      await capture.caughtUp()
      if (child.pid === pid) return child
    }
    throw new Error('the number was never given out again')
  }
})

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, 'value']))
}
