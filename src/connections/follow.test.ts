import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { dnsResponse, framedDns } from '../../test/support/dns-messages.ts'
import { processOf } from '../../test/tls-recording.ts'
import { source } from '../base/index.ts'
import { type CaptureEvent, type Container, type Process, SKIP } from '../capture/index.ts'
import type { Connection, StreamEvent } from './connection.ts'
import { followConnections } from './follow.ts'
import { openTlsSessions } from './tls/sessions.ts'

const OPENED = {
  kind: 'opened',
  key: 7,
  at: 1,
  role: 'client',
  local: { ip: '10.0.0.5', port: 40_000 },
  remote: { ip: '192.0.2.1', port: 80 },
  joinedLate: false,
  process: undefined,
} as const satisfies CaptureEvent

const RESOLVER = { ip: '10.0.0.2', port: 53 } as const

function openStreams(connectionsMax = 10) {
  const captured = source<CaptureEvent>({})
  let ids = 0
  const nextId = () => {
    ids += 1
    return String(ids)
  }
  const streams = followConnections(captured, {
    nextId,
    tls: openTlsSessions(),
    connectionsMax,
  })
  const told: string[] = []
  const connections: Connection[] = []
  streams.listen((event) => {
    told.push(lineOf(event))
    if (event.kind === 'opened') connections.push(event.connection)
  })
  let position = { sent: 0, received: 0 }
  return { captured, streams, told, connections, emit: captured.emit, move, dns }

  function move(direction: 'sent' | 'received', bytes: Uint8Array | string, process = processOf(1)): void {
    const moved = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    const at = position[direction]
    position = { ...position, [direction]: at + moved.length }
    const what = { direction, position: at, length: moved.length, bytes: moved, process, thread: 1 }
    captured.emit({ kind: 'bytes', key: 7, at: 2, ...what })
  }

  function dns(process: Process, message: Uint8Array, at = 1): void {
    const ends = { local: { ip: '10.0.0.5', port: 50_000 }, remote: RESOLVER }
    const what = { process, direction: 'received', length: message.length, bytes: message } as const
    captured.emit({ kind: 'dns', at, ...ends, ...what })
  }
}

function lineOf(event: StreamEvent): string {
  if (event.kind === 'bytes') return `${event.from} ${Buffer.from(event.bytes).toString('latin1')}`
  if (event.kind === 'gap') return `${event.from} gap ${event.missingBytes}`
  return `${event.kind} ${event.connection.id}`
}

function container(fullId: string): Container {
  return { fullId, id: fullId.slice(0, 12), state: 'unknown', facts: undefined }
}

test('a key that is opened again ends its former connection', () => {
  const { emit, streams, told, connections } = openStreams()
  emit(OPENED)
  emit({ ...OPENED, at: 2 })
  streams.close()
  expect(told).toEqual(['opened 1', 'closed 1', 'opened 2', 'closed 2'])
  // The first is over; of the second the agent only lets go.
  expect(connections.map(({ closedAt }) => closedAt)).toEqual([2, undefined])
})

test('time is passed on, and ends what is still open', () => {
  const { emit, streams } = openStreams()
  const times: number[] = []
  const closed: number[] = []
  streams.time.listen(({ at }) => times.push(at))
  streams.listen(({ kind, at }) => {
    if (kind === 'closed') closed.push(at)
  })
  emit({ ...OPENED, at: 5 })
  emit({ kind: 'time', at: 9 })
  emit({ ...OPENED, key: 8, at: 12 })
  // Read before what was captured at 12, and given after it.
  emit({ kind: 'time', at: 11 })
  expect(times).toEqual([9, 11])
  streams.close()
  expect(closed).toEqual([12, 12])
})

test("a closed socket leaves its time and the kernel's counters; one let go of leaves neither", () => {
  const { emit, connections } = openStreams(1)
  emit(OPENED)
  emit({ ...OPENED, key: 8, at: 2 })
  emit({ kind: 'closed', key: 8, at: 3, sentBytes: 10, receivedBytes: 20 })
  expect(connections.map(({ closedAt, totals }) => [closedAt, totals])).toEqual([
    [undefined, undefined],
    [3, { sentBytes: 10, receivedBytes: 20 }],
  ])
})

test('the process is that of the connect, of the accept, or of who works with the connection', () => {
  const { emit, connections, move, streams } = openStreams()
  const [parent, worker] = [processOf(1), processOf(2)]
  emit({ ...OPENED, process: parent })
  expect(connections[0]?.process).toBe(parent)
  emit({ ...OPENED, role: 'server' })
  expect(connections[1]?.process).toBeUndefined()
  emit({ kind: 'accepted', key: 7, at: 2, process: parent })
  expect(connections[1]?.process).toBe(parent)
  move('received', 'GET /', worker)
  expect(connections[1]?.process).toBe(worker)
  emit({ kind: 'accepted', key: 99, at: 2, process: parent })
  expect(streams.stats['strayRecords']).toBe(1)
})

test('a client connection bears the name that the DNS told its own container, and keeps it', () => {
  const { emit, connections, move, dns, streams } = openStreams()
  const here: Process = { ...processOf(1), container: container('a'.repeat(64)) }
  const there: Process = { ...processOf(2), container: container('b'.repeat(64)) }
  const host = processOf(3)
  const passedOn: string[] = []
  streams.dns.listen(({ direction }) => passedOn.push(direction))
  dns(here, dnsResponse('Api.Example.com', ['192.0.2.1']))
  dns(there, dnsResponse('other.example.com', ['192.0.2.1']))
  emit({ ...OPENED, process: here })
  emit({ ...OPENED, process: there })
  emit({ ...OPENED, process: host })
  emit({ ...OPENED, remote: { ip: '::ffff:192.0.2.1', port: 80 }, process: here })
  emit({ ...OPENED, role: 'server', process: here })
  emit(OPENED)
  move('sent', 'GET ', here)
  dns(here, dnsResponse('new.example.com', ['192.0.2.1']))
  move('sent', '/', here)
  const name = 'api.example.com'
  const names = [name, 'other.example.com', undefined, name, undefined, name]
  expect(connections.map(({ dnsName }) => dnsName)).toEqual(names)
  expect(passedOn.length).toBe(3)
})

test('answers over TCP name connections too, and pass no bytes on', () => {
  const { emit, connections, move, told, streams } = openStreams()
  emit({ ...OPENED, remote: RESOLVER })
  const answer = framedDns(dnsResponse('tcp.example.com', ['192.0.2.9', '2001:db8::9']))
  move('sent', framedDns(dnsResponse('tcp.example.com', [], { isResponse: false })).subarray(0, 2))
  move('sent', framedDns(dnsResponse('tcp.example.com', [], { isResponse: false })).subarray(2))
  for (const byte of answer) move('received', Uint8Array.of(byte))
  emit({ kind: 'closed', key: 7, at: 3, sentBytes: 33, receivedBytes: answer.length })
  for (const ip of ['192.0.2.9', '2001:db8::9'])
    emit({ ...OPENED, key: 8, remote: { ip, port: 80 }, process: processOf(1) })
  expect(connections.map(({ protocol, dnsName }) => [protocol, dnsName])).toEqual([
    ['dns', undefined],
    [undefined, 'tcp.example.com'],
    [undefined, 'tcp.example.com'],
  ])
  expect(told.slice(0, 2)).toEqual(['opened 1', 'closed 1'])
  expect(streams.stats).toMatchObject({ dnsMessages: 1, dnsMessagesBroken: 0, dnsHeldBytes: 0 })
})

test('what is no DNS on port 53 is passed on as it is', () => {
  const { emit, connections, move, told } = openStreams()
  emit({ ...OPENED, remote: RESOLVER })
  move('sent', 'GET / HTTP')
  move('sent', '/1.1\r\nHost: a\r\n\r\n')
  expect(told.slice(1).join('')).toBe('client GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(connections[0]?.protocol).toBeUndefined()
})

test('a filter for the DNS leaves its messages out', () => {
  const { emit, connections, dns, streams } = openStreams()
  const process = { ...processOf(1), skips: SKIP.dns }
  let passedOn = 0
  streams.dns.listen(() => {
    passedOn += 1
  })
  dns(process, dnsResponse('example.com', ['192.0.2.1']))
  emit({ ...OPENED, process })
  expect(passedOn).toBe(0)
  expect(connections[0]?.dnsName).toBeUndefined()
})

test.each(['http', 'data', 'all'] as const)(
  'a filter for %s leaves the bytes out, and what it left is a gap once it is lifted',
  (what) => {
    const { emit, move, told } = openStreams()
    const process = { ...processOf(1) }
    emit({ ...OPENED, process })
    move('sent', 'GET /1', process)
    process.skips = SKIP[what]
    move('sent', 'GET /2', process)
    move('received', 'OK', process)
    expect(told).toEqual(['opened 1', 'client GET /1'])
    process.skips = 0
    move('sent', 'GET /3', process)
    expect(told.slice(2)).toEqual(['client gap 6', 'server gap 2', 'client GET /3'])
  },
)

test('a connection left out from its beginning to its end says nothing of its bytes', () => {
  const { emit, move, told, connections } = openStreams()
  const process = { ...processOf(1), skips: SKIP.http }
  emit({ ...OPENED, process })
  move('sent', 'GET /1', process)
  emit({ kind: 'closed', key: 7, at: 3, sentBytes: 10, receivedBytes: 20 })
  expect(told).toEqual(['opened 1', 'closed 1'])
  expect(connections[0]).toMatchObject({ sent: { capturedBytes: 6, missingBytes: 4 } })
})

test('what is left out in the middle is a gap at the end too', () => {
  const { emit, move, told } = openStreams()
  const process = { ...processOf(1) }
  emit({ ...OPENED, process })
  move('sent', 'GET /1', process)
  process.skips = SKIP.data
  move('sent', randomBytes(10), process)
  emit({ kind: 'closed', key: 7, at: 3, sentBytes: 16, receivedBytes: 0 })
  expect(told).toEqual(['opened 1', 'client GET /1', 'client gap 10', 'closed 1'])
})
