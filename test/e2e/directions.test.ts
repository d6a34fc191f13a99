import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CapturedDirection, SocketBytes, SocketOpened } from '../../src/capture/index.ts'
import { openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { type WatchingCapture, watchHere } from '../support/watching-capture.ts'

const PYTHON = pathOf('/usr/bin/python3')
const PROGRAM = new URL('programs/serves.py', import.meta.url).pathname
const NAMESPACE = `qtap-directions-${process.pid}`
const PORT = 7070
const PRIVATE = '10.99.0.1'
const PUBLIC = '203.0.113.9'
const LOOPBACK = '127.0.0.1'

let workshop: Workshop
let capture: WatchingCapture
let program: ChildProcess
beforeAll(async () => {
  workshop = openWorkshop()
  ip('netns', 'add', NAMESPACE)
  ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up')
  for (const address of [PRIVATE, PUBLIC]) ip('-n', NAMESPACE, 'addr', 'add', `${address}/32`, 'dev', 'lo')
  const words = [PYTHON, PROGRAM, String(PORT), PRIVATE, PUBLIC, LOOPBACK]
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  program = workshop.start('ip', ['netns', 'exec', NAMESPACE, ...words], { stdio: [...stdio] })
  await said()
  capture = watchHere({ direction: 'egress-internal' })
})
afterAll(async () => {
  await workshop.close()
  capture.close()
  ip('netns', 'del', NAMESPACE)
})

function ip(...words: readonly string[]): void {
  execFileSync('ip', words)
}

async function said(): Promise<void> {
  await once(program.stdout ?? program, 'data')
}

/** What was opened by this, as `role address`. */
async function openedBy(act: () => Promise<void> | void): Promise<readonly string[]> {
  await capture.caughtUp()
  const before = capture.events.length
  await act()
  await capture.caughtUp()
  return capture.events.slice(before).filter(isOurs).map(nameOf).toSorted()
}

async function tell(line: string): Promise<void> {
  const done = said()
  program.stdin?.write(`${line}\n`)
  await done
}

function isOurs(event: { readonly kind: string }): event is SocketOpened {
  if (event.kind !== 'opened') return false
  const { role, local, remote } = event as SocketOpened
  return (role === 'client' ? remote : local).port === PORT
}

function nameOf({ role, remote, joinedLate }: SocketOpened): string {
  return `${role} ${remote.ip}${joinedLate ? ' late' : ''}`
}

const CLIENTS = [`client ${PRIVATE}`, `client ${LOOPBACK}`, `client ${PUBLIC}`]
const SERVERS = [`server ${PRIVATE}`, `server ${LOOPBACK}`, `server ${PUBLIC}`]

test('connections older than the agent, of the direction asked for, are there', async () => {
  expect(await openedBy(() => {})).toEqual([])
  expect(capture.events.filter(isOurs).map(nameOf)).toEqual([`client ${PRIVATE} late`])
})

test.for<[direction: CapturedDirection, ignoreLoopback: boolean, opened: readonly string[]]>([
  ['egress-internal', false, [`client ${PRIVATE}`]],
  ['egress-external', false, [`client ${LOOPBACK}`, `client ${PUBLIC}`]],
  ['egress-external', true, [`client ${PUBLIC}`]],
  ['egress', false, CLIENTS],
  ['ingress', false, SERVERS],
  ['ingress', true, [`server ${PRIVATE}`, `server ${PUBLIC}`]],
  ['all', false, [...CLIENTS, ...SERVERS]],
  ['all', true, [`client ${PRIVATE}`, `client ${PUBLIC}`, `server ${PRIVATE}`, `server ${PUBLIC}`]],
])('%s, loopback ignored: %s', async ([direction, ignoreLoopback, opened]) => {
  capture.reconfigure({ direction, ignoreLoopback })
  expect(await openedBy(() => tell('connect'))).toEqual(opened.toSorted())
})

test('a wider direction brings in what is open, and leaves what was watched as it is', async () => {
  capture.reconfigure({ direction: 'egress-internal' })
  expect(await openedBy(() => tell('connect'))).toEqual([`client ${PRIVATE}`])
  const watched = capture.events.filter(isOurs).at(-1)?.key
  await tell('talk')
  const late = await openedBy(() => capture.reconfigure({ direction: 'all' }))
  expect(late.length).toBeGreaterThan(0)
  expect(late.every((name) => name.endsWith(' late'))).toBe(true)
  capture.reconfigure({ direction: 'ingress' })
  await tell('talk')
  await capture.caughtUp()
  const isWatched = (event: { kind: string }): event is SocketBytes =>
    event.kind === 'bytes' && (event as SocketBytes).key === watched
  expect(capture.events.filter(isWatched).map(({ position }) => position)).toEqual([0, 5])
  expect(capture.events.some((event) => event.kind === 'closed' && event.key === watched)).toBe(false)
})
