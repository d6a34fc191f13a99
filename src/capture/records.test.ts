import { expect, test } from 'vitest'
import { RECORD_AT, records } from '../../test/support/wire-records.ts'
import { source } from '../base/index.ts'
import type { CaptureEvent } from './events.ts'
import { wireDirection, wireLabel, wireRole } from './generated/wire.ts'
import { processTable } from './processes/table.ts'
import { type FileMapped, recordReader } from './records.ts'

const ID = '0123456789ab'.padEnd(64, 'cdef')

/** A reader of records on a machine where nothing can be asked, and all that it has said. */
function reading({ ignored = [] as readonly number[] } = {}) {
  const events = source<CaptureEvent>({})
  const seen: CaptureEvent[] = []
  const started: number[] = []
  const files: FileMapped[] = []
  events.listen((event) => seen.push(event))
  const processes = processTable({ read: () => undefined, userName: (_, userId) => `user ${userId}` })
  const { read, stats } = recordReader({
    events,
    processes,
    onStarted: (pid) => started.push(pid),
    onFile: (file) => files.push(file),
    ignored: (pid) => ignored.includes(pid),
  })
  return { seen, started, files, processes, stats, read: (view: DataView) => read(view, RECORD_AT) }
}

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
    },
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

test('bytes of a process that is not watched are left out and counted', () => {
  const { seen, stats, read } = reading({ ignored: [7] })
  read(records.bytes({ process: 7, length: 1, captured: 1, direction: wireDirection.sent }, Buffer.from('a')))
  read(records.bytes({ process: 8, length: 1, captured: 1, direction: wireDirection.sent }, Buffer.from('a')))
  expect(seen).toHaveLength(1)
  expect(stats).toMatchObject({ records: 2, bytesRecords: 1, processesIgnored: 1 })
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
  const { seen, read } = reading({ ignored: [7] })
  read(records.secret({ process: 1, label: wireLabel.clientRandom, length: 48 }))
  read(records.secret({ process: 1, label: 99, length: 48 }))
  read(records.secret({ process: 7, label: wireLabel.clientRandom, length: 48 }))
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
  const { started, files, processes, read } = reading()
  read(records.exec({ ...EXEC, cgroup: `docker-${ID}.scope\0`, cgroupParent: 'system.slice\0' }))
  expect(processes.known(7)).toEqual({
    pid: 7,
    parentPid: 6,
    startedAt: 900,
    exe: '/usr/bin/curl',
    binary: 'curl',
    args: ['curl', '', '-v'],
    userId: 33,
    userName: 'user 33',
    containerId: '0123456789ab',
  })
  expect(started).toEqual([7])
  expect(files).toEqual([
    { pid: 7, path: '/usr/bin/curl', device: 0x800001, inode: 2 ** 34 + 1, isProgram: true },
  ])
})

test.for([
  [{ cgroup: 'container\0', cgroupParent: `libpod-${ID}.scope\0` }, '0123456789ab'],
  [{ cgroup: '\0', cgroup1: `${ID}\0` }, '0123456789ab'],
  [{ cgroup: 'init\0', cgroup1: 'init\0', cgroup1Parent: `${ID}\0` }, '0123456789ab'],
  // The name fills its room without an end.
  [{ cgroup: `${ID}${'x'.repeat(64)}` }, '0123456789ab'],
  // What stands behind the end of a name is none of it.
  [{ cgroup: `user.slice\0${ID}` }, ''],
] as const)('control groups %j are container %j', ([names, containerId]) => {
  const { processes, read } = reading()
  read(records.exec({ ...EXEC, ...names }))
  expect(processes.known(7)?.containerId).toBe(containerId)
})

test('a forked process is its parent and judged like it, an ended one is forgotten', () => {
  const { processes, started, read } = reading()
  read(records.exec(EXEC))
  read(records.fork({ process: 8, parent: 7, startedAt: 1000 }))
  expect(started).toEqual([7, 8])
  read(records.exit({ process: 7 }))
  expect(processes.known(8)).toMatchObject({ parentPid: 7, startedAt: 1000, binary: 'curl' })
  expect(processes.known(7)).toBeUndefined()
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
