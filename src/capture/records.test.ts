import { expect, test } from 'vitest'
import { RECORD_AT, records } from '../../test/support/wire-records.ts'
import { source } from '../base/index.ts'
import { type CaptureEvent, type Container, SKIP } from './events.ts'
import { wireDirection, wireLabel, wireRole } from './generated/wire.ts'
import { wantedEnvironment } from './processes/environment.ts'
import { processTable } from './processes/table.ts'
import { type FileMapped, recordReader } from './records.ts'

const ID = '0123456789ab'.padEnd(64, 'cdef')

/** A reader of records on a machine where nothing can be asked, and all that it has said. */
function reading({ names = [] as readonly string[] } = {}) {
  const events = source<CaptureEvent>({})
  const seen: CaptureEvent[] = []
  const told: [what: string, pid: number][] = []
  const files: FileMapped[] = []
  events.listen((event) => seen.push(event))
  const containerOf = (fullId: string): Container => ({
    fullId,
    id: fullId.slice(0, 12),
    state: 'pending',
    facts: undefined,
  })
  const processes = processTable({
    reader: { read: () => undefined, userName: (_, userId) => `user ${userId}` },
    containerOf,
    skipsOf: ({ exe }) => (exe.startsWith('/skip/') ? Number(exe.slice('/skip/'.length)) : 0),
  })
  const wanted = wantedEnvironment(names)
  const { read, stats } = recordReader({
    events,
    processes,
    wanted: () => wanted,
    onStarted: ({ pid }) => told.push(['started', pid]),
    onForked: ({ pid }, at) => told.push([`forked at ${at}`, pid]),
    onEnded: (pid) => told.push(['ended', pid]),
    onFile: (file) => files.push(file),
    onSkipped: ({ pid }) => told.push(['skipped', pid]),
  })
  return { seen, told, files, processes, stats, read: (view: DataView) => read(view, RECORD_AT) }
}

/** A program of which these parts are left out, as process 7. */
function skipping(skips: number) {
  const path = `/skip/${skips}`
  return records.exec({ process: 7, startedAt: 900, path, pathLength: path.length })
}

const BY_7 = { process: 7, startedAt: 900 }

function ipv4(...numbers: readonly number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...numbers)
}

const OPENED = {
  at: 12_345_678_901_234,
  key: 77,
  local: ipv4(10, 0, 0, 1),
  remote: ipv4(93, 184, 216, 34),
  localPort: 51_000,
  remotePort: 443,
  role: wireRole.client,
}

test('a connection over IPv4 is opened', () => {
  const { seen, read } = reading()
  read(records.opened(OPENED))
  expect(seen).toEqual([
    {
      kind: 'opened',
      key: 77,
      at: 12_345_678_901_234,
      role: 'client',
      local: { ip: '10.0.0.1', port: 51_000 },
      remote: { ip: '93.184.216.34', port: 443 },
      joinedLate: false,
      process: undefined,
    },
  ])
})

test('a connection has the process that connected, a connection that was accepted the one that took it over', () => {
  const { seen, read } = reading()
  read(records.opened({ ...OPENED, ...BY_7 }))
  read(records.accepted({ process: 8, startedAt: 5, key: 78, at: 6 }))
  expect(seen).toMatchObject([
    { kind: 'opened', key: 77, process: { pid: 7, startedAt: 900 } },
    { kind: 'accepted', key: 78, at: 6, process: { pid: 8, startedAt: 5 } },
  ])
})

test('a connection over IPv6 that was accepted before the agent started joins late', () => {
  const { seen, read } = reading()
  const local = Uint8Array.from([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  read(records.opened({ ...OPENED, role: wireRole.server, joinedLate: 1, local, remote: new Uint8Array(16) }))
  expect(seen).toMatchObject([
    { role: 'server', joinedLate: true, local: { ip: '2001:db8::1' }, remote: { ip: '::' } },
  ])
})

test.for([
  [wireDirection.sent, 'sent'],
  [wireDirection.received, 'received'],
] as const)('bytes that were %2$s come with their place and their process', ([direction, word]) => {
  const { seen, read } = reading()
  const fields = { process: 7, thread: 8, at: 2 ** 41, key: 2 ** 52 + 1, position: 2 ** 40 + 3, length: 5 }
  read(records.bytes({ ...fields, captured: 5, direction }, Buffer.from('hello')))
  expect(seen).toMatchObject([
    {
      kind: 'bytes',
      thread: 8,
      at: 2 ** 41,
      key: 2 ** 52 + 1,
      position: 2 ** 40 + 3,
      length: 5,
      direction: word,
    },
  ])
  expect(seen[0]).toMatchObject({ process: { pid: 7 }, bytes: Uint8Array.from(Buffer.from('hello')) })
})

test('bytes that were not copied keep their length', () => {
  const { seen, read } = reading()
  read(
    records.bytes(
      { length: 70_000, captured: 3, direction: wireDirection.sent },
      Buffer.from('abc-not-ours'),
    ),
  )
  read(records.bytes({ length: 70_000, captured: 0, direction: wireDirection.sent }, new Uint8Array()))
  expect(seen.map((event) => (event.kind === 'bytes' ? [event.length, event.bytes.length] : []))).toEqual([
    [70_000, 3],
    [70_000, 0],
  ])
})

const ONE_BYTE = { ...BY_7, length: 1, captured: 1, direction: wireDirection.sent }

test('bytes of a process that is not watched are left out and counted, and the kernel is told', () => {
  const { seen, stats, told, read } = reading()
  read(skipping(SKIP.all))
  read(records.bytes(ONE_BYTE, Buffer.from('a')))
  read(records.bytes({ ...ONE_BYTE, process: 8 }, Buffer.from('a')))
  expect(seen).toMatchObject([{ kind: 'bytes', process: { pid: 8 } }])
  expect(stats).toMatchObject({ records: 3, bytesRecords: 1, recordsSkipped: 1 })
  expect(told).toEqual([
    ['started', 7],
    ['skipped', 7],
  ])
})

test('where bytes alone are left out it is still said who moved how many', () => {
  const { seen, stats, read } = reading()
  read(skipping(SKIP.data))
  read(records.bytes({ ...ONE_BYTE, length: 9 }, Buffer.from('a')))
  read(records.bytes({ ...ONE_BYTE, length: 9, captured: 0 }, new Uint8Array()))
  read(records.secret({ ...BY_7, label: wireLabel.clientRandom, length: 48 }))
  expect(seen).toMatchObject([
    { kind: 'bytes', length: 9, bytes: new Uint8Array() },
    { kind: 'bytes', length: 9, bytes: new Uint8Array() },
    { kind: 'secret' },
  ])
  expect(stats.recordsSkipped).toBe(1)
})

test.for([
  [SKIP.tls, ['bytes', 'dns']],
  [SKIP.dns, ['bytes', 'secret']],
  [SKIP.http, ['bytes', 'secret', 'dns']],
  [SKIP.dns | SKIP.tls, ['bytes']],
] as const)('of a process with parts %i left out come %j', ([skips, kinds]) => {
  const { seen, read } = reading()
  read(skipping(skips))
  read(records.bytes(ONE_BYTE, Buffer.from('a')))
  read(records.secret({ ...BY_7, label: wireLabel.clientRandom, length: 48 }))
  read(records.dns({ ...DNS, ...BY_7 }, Buffer.from('answer')))
  expect(seen.map(({ kind }) => kind)).toEqual(kinds)
})

const DNS = {
  at: 5,
  local: ipv4(10, 0, 0, 1),
  remote: ipv4(10, 0, 0, 53),
  localPort: 4000,
  remotePort: 53,
  direction: wireDirection.received,
  length: 9000,
  captured: 6,
}

test('a datagram of the DNS comes with both ends and with what was copied of it', () => {
  const { seen, read } = reading()
  read(records.dns({ ...DNS, ...BY_7 }, Buffer.from('answer, and what lay there before')))
  expect(seen).toMatchObject([
    {
      kind: 'dns',
      at: 5,
      process: { pid: 7 },
      local: { ip: '10.0.0.1', port: 4000 },
      remote: { ip: '10.0.0.53', port: 53 },
      direction: 'received',
      length: 9000,
      bytes: Uint8Array.from(Buffer.from('answer')),
    },
  ])
})

test('a closed connection has its totals', () => {
  const { seen, read } = reading()
  read(records.closed({ key: 77, at: 5, sent: 2 ** 33, received: 9 }))
  expect(seen).toEqual([{ kind: 'closed', key: 77, at: 5, sentBytes: 2 ** 33, receivedBytes: 9 }])
})

test.for([32, 48])('a secret of %d bytes is owned by whoever gets it', (length) => {
  const { seen, read } = reading()
  const secret = Uint8Array.from({ length: 48 }, (_, index) => index + 1)
  const random = new Uint8Array(32).fill(9)
  const label = wireLabel.serverHandshakeTrafficSecret
  const address = 0x7f12_3456_7890
  const fields = { process: 7, thread: 8, session: address, label, length, randomKnown: 1, random, secret }
  const view = records.secret(fields)
  read(view)
  new Uint8Array(view.buffer).fill(0)
  const [event] = seen
  if (event?.kind !== 'secret') throw new Error('no secret came')
  expect(event).toMatchObject({ label: 'SERVER_HANDSHAKE_TRAFFIC_SECRET', session: address, thread: 8 })
  expect(event.secret.revealTo('tls')).toEqual(secret.slice(0, length))
  expect(event.clientRandom).toEqual(random)
})

test('a secret without the client random says so, one with an unknown label is left out', () => {
  const { seen, read } = reading()
  read(records.secret({ process: 1, label: wireLabel.clientRandom, length: 48 }))
  read(records.secret({ process: 1, label: 99, length: 48 }))
  expect(seen).toMatchObject([{ label: 'CLIENT_RANDOM', clientRandom: undefined }])
})

const EXEC = {
  process: 7,
  parent: 6,
  startedAt: 900,
  user: 33,
  inode: 2 ** 34 + 1,
  device: 0x800001,
  path: '/usr/bin/curl',
  pathLength: 13,
  args: 'curl\0\0-v\0',
  argsLength: 9,
}

test('a program that was started is known from then on, and its file is to be searched', () => {
  const { told, files, processes, read } = reading()
  const names = { cgroup: `docker-${ID}.scope\0`, cgroupParent: 'system.slice\0', hostname: 'web-1\0' }
  read(records.exec({ ...EXEC, ...names }))
  expect(processes.known(7)).toEqual({
    pid: 7,
    parentPid: 6,
    startedAt: 900,
    exe: '/usr/bin/curl',
    binary: 'curl',
    args: ['curl', '', '-v'],
    userId: 33,
    userName: 'user 33',
    hostname: 'web-1',
    ancestors: [],
    environment: {},
    strategy: 'observe',
    container: { fullId: ID, id: '0123456789ab', state: 'pending', facts: undefined },
    podUid: '',
    skips: 0,
  })
  expect(told).toEqual([['started', 7]])
  expect(files).toEqual([
    { pid: 7, path: '/usr/bin/curl', device: 0x800001, inode: 2 ** 34 + 1, isProgram: true },
  ])
})

test.for([
  [{ cgroup: `${ID}\0`, cgroupParent: 'system.slice\0' }, ID],
  [{ cgroup: '\0', cgroup1: `${ID}\0` }, ID],
  [{ cgroup: 'init\0', cgroup1: 'init\0', cgroup1Parent: `${ID}\0` }, ID],
  // The name fills its room without an end.
  [{ cgroup: `${ID}${'x'.repeat(64)}` }, ID],
  // What stands behind the end of a name is none of it.
  [{ cgroup: `user.slice\0${ID}` }, undefined],
] as const)('control groups %j are container %j', ([names, containerId]) => {
  const { processes, read } = reading()
  read(records.exec({ ...EXEC, ...names }))
  expect(processes.known(7)?.container?.fullId).toBe(containerId)
})

test('a pod is known by the control group above the container', () => {
  const { processes, read } = reading()
  const pod = 'kubepods-besteffort-pod3e1c2f5a_0b1d_4c6e_9f00_aabbccddeeff.slice\0'
  read(records.exec({ ...EXEC, cgroup: `cri-containerd-${ID}.scope\0`, cgroupParent: pod }))
  expect(processes.known(7)?.podUid).toBe('3e1c2f5a-0b1d-4c6e-9f00-aabbccddeeff')
})

test('of the environment only what was asked for by its whole name goes further', () => {
  const { processes, read } = reading({ names: ['TEAM'] })
  const environment = 'QPOINT_TAGS=a:b\0QPOINT_TOKEN=secret\0TEAM=x=y\0TEAMS=no\0QPOINT_STRATEGY=audit\0'
  read(records.exec({ ...EXEC, environment, environmentLength: environment.length }))
  expect(processes.known(7)).toMatchObject({
    strategy: 'audit',
    environment: { QPOINT_TAGS: 'a:b', TEAM: 'x=y', QPOINT_STRATEGY: 'audit' },
  })
  expect(Object.keys(processes.known(7)?.environment ?? {})).toHaveLength(3)
})

test('a forked process is its parent and judged like it, an ended one is forgotten', () => {
  const { processes, told, read } = reading()
  read(records.exec(EXEC))
  read(records.fork({ process: 8, parent: 7, parentStartedAt: 900, startedAt: 1000, at: 1001 }))
  read(records.exit({ process: 7, startedAt: 900 }))
  expect(processes.known(8)).toMatchObject({ parentPid: 7, startedAt: 1000, binary: 'curl' })
  expect(processes.known(7)).toBeUndefined()
  expect(told).toEqual([
    ['started', 7],
    ['forked at 1001', 8],
    ['ended', 7],
  ])
})

test('a number that is used again names nobody of before: not to its bytes, its secrets or its children', () => {
  const { seen, processes, read } = reading()
  read(records.exec(EXEC))
  const again = { process: 7, startedAt: 901 }
  read(records.fork({ process: 8, parent: 7, parentStartedAt: 901, startedAt: 1000 }))
  read(records.bytes({ ...ONE_BYTE, ...again }, Buffer.from('a')))
  read(records.secret({ ...again, label: wireLabel.clientRandom, length: 48 }))
  read(records.accepted({ ...again, key: 1 }))
  read(records.opened({ ...OPENED, ...again }))
  read(records.dns({ ...DNS, ...again }, Buffer.from('answer')))
  expect(seen).toHaveLength(5)
  for (const event of seen)
    expect(event).toMatchObject({ process: { pid: 7, startedAt: 901, exe: '', args: [], userId: -1 } })
  expect(processes.known(8)).toBeUndefined()
})

test('a record that comes late is of the process of then, and the present one stays known', () => {
  const { seen, read } = reading()
  read(records.exec(EXEC))
  read(records.opened({ ...OPENED, process: 7, startedAt: 899 }))
  read(records.exit({ process: 7, startedAt: 899 }))
  read(records.bytes({ ...ONE_BYTE }, Buffer.from('a')))
  expect(seen).toMatchObject([
    { process: { startedAt: 899, exe: '' } },
    { process: { exe: '/usr/bin/curl' } },
  ])
})

test('a file that was mapped is to be searched, also when its path was too long', () => {
  const { files, read } = reading()
  read(records.mapped({ process: 7, device: 5, inode: 6, path: '/lib/libssl.so.3', pathLength: 16 }))
  read(records.mapped({ process: 7, device: 5, inode: 8, pathLength: 0 }))
  expect(files).toEqual([
    { pid: 7, device: 5, inode: 6, path: '/lib/libssl.so.3', isProgram: false },
    { pid: 7, device: 5, inode: 8, path: '', isProgram: false },
  ])
})

test('a record of a kind that is not known is counted and passed over', () => {
  const { seen, stats, read } = reading()
  read(records.unknown(99))
  read(records.closed({ key: 1 }))
  expect(stats).toMatchObject({ records: 2, unknownKinds: 1 })
  expect(seen).toHaveLength(1)
})
