import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RECORD_AT, records } from '../../test/support/wire-records.ts'
import { type Emitter, OperatorError, source } from '../base/index.ts'
import type { CaptureEvent, ContainerFacts } from './events.ts'
import { wireDirection, wireLabel, wireLimit } from './generated/wire.ts'
import type { OnRecord } from './kernel/ring.ts'
import { wantedEnvironment } from './processes/environment.ts'
import type { ProcessReader } from './processes/proc.ts'
import { processTable } from './processes/table.ts'
import {
  type RecordingWriter,
  readRecordingHeader,
  readRecordingLine,
  recordInto,
  replayInto,
  tapReader,
  writeRecording,
} from './recording.ts'
import { recordReader } from './records.ts'

const HEADER = { bootEpochMs: 1_700_000_000_000.5, ids: { machine: 1, pid: 2, counter: 3 } }
const ROOMY = 1 << 20
const ID = '0123456789ab'.padEnd(64, 'cdef')

/** A machine where process 7 is there before, and 8 cannot be asked for any more. */
const MACHINE: ProcessReader = {
  read: (pid) =>
    pid === 7
      ? {
          pid,
          parentPid: 1,
          startedAt: 70,
          exe: '/opt/prögram',
          args: ['prögram', '--x'],
          userId: 33,
          hostname: 'machine',
          environment: { QPOINT_TAGS: 'a:b' },
          containerId: ID,
          podUid: '',
        }
      : undefined,
  userName: (_, userId) => `user ${userId}`,
}

const SENT = { key: 5, position: 0, length: 5, captured: 5, direction: wireDirection.sent }

function traffic(): DataView[] {
  return [
    records.opened({ key: 5, at: 10, localPort: 1, remotePort: 2, role: 1 }),
    records.bytes({ ...SENT, process: 7, startedAt: 71, at: 11 }, Buffer.from('hello')),
    records.accepted({ process: 7, startedAt: 71, key: 6, at: 11 }),
    records.dns(
      { process: 7, startedAt: 71, length: 6, captured: 3, direction: 2 },
      Buffer.from('dns-not-ours'),
    ),
    records.bytes({ ...SENT, process: 8, at: 12, position: 5 }, Buffer.from('world')),
    records.exec({
      process: 8,
      parent: 7,
      user: 34,
      path: '/bin/a',
      pathLength: 6,
      args: 'a\0',
      argsLength: 2,
    }),
    records.secret({ process: 8, at: 13, label: wireLabel.clientRandom, length: 48, secret: 's'.repeat(48) }),
    records.bytes({ ...SENT, process: 8, at: 14, position: 10 }, Buffer.from('again')),
    records.closed({ key: 5, at: 15, sent: 15, received: 0 }),
  ]
}

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-recording-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'traffic')
}

/** The events that records give while they are recorded. */
function record(views: readonly DataView[], writer: RecordingWriter): readonly unknown[] {
  const { events, taken } = collecting()
  const read = reading(events, writer)
  for (const view of views) read(view, RECORD_AT)
  writer.close()
  return taken
}

/** A reader of records that keeps all that it reads. */
function reading(events: Emitter<CaptureEvent>, writer: RecordingWriter): OnRecord {
  const wanted = wantedEnvironment([])
  const processes = processTable({
    reader: tapReader(MACHINE, writer),
    containerOf: (fullId) => ({ fullId, id: fullId.slice(0, 12), state: 'pending', facts: undefined }),
    skipsOf: () => 0,
  })
  const nothing = { onStarted() {}, onForked() {}, onEnded() {}, onFile() {}, onSkipped() {} }
  return writer.around(recordReader({ events, processes, wanted: () => wanted, ...nothing }).read)
}

function replayed(path: string): readonly unknown[] {
  const { events, taken } = collecting()
  const feed = replayInto(events)
  for (const text of readFileSync(path, 'utf8').split('\n').slice(1)) {
    const line = readRecordingLine(text)
    if (line) feed(line)
  }
  return taken
}

/** Events with what they borrow and hide, so that they can be compared. */
function collecting() {
  const events = source<CaptureEvent>({})
  const taken: unknown[] = []
  events.listen((event) => {
    if (event.kind === 'bytes' || event.kind === 'dns') taken.push({ ...event, bytes: event.bytes.slice() })
    else if (event.kind === 'secret') taken.push({ ...event, secret: event.secret.revealTo('tls') })
    else taken.push(event)
  })
  return { events, taken }
}

test('a recording gives the events again that came while it was made', () => {
  const path = newFile()
  const events = record(traffic(), writeRecording(path, HEADER, ROOMY))
  expect(events).toHaveLength(8)
  const program = { exe: '/opt/prögram', userName: 'user 33', hostname: 'machine', startedAt: 71 }
  expect(events).toMatchObject([
    {},
    { process: { ...program, container: { fullId: ID }, environment: { QPOINT_TAGS: 'a:b' } } },
    { kind: 'accepted', process: program },
    { kind: 'dns', process: program },
    { process: { pid: 8, exe: '' } },
    { process: { exe: '/bin/a', userName: 'user 34' } },
    {},
    {},
  ])
  expect(replayed(path)).toEqual(events)
})

test('the time that passed stands where it passed', () => {
  const path = newFile()
  const writer = writeRecording(path, HEADER, ROOMY)
  const { events, taken } = collecting()
  const read = reading(events, writer)
  const [first, ...rest] = traffic()
  if (first) read(first, RECORD_AT)
  writer.learnt({ time: 2 ** 52 + 1 })
  for (const view of rest) read(view, RECORD_AT)
  writer.close()
  const [opened, ...others] = taken
  expect(replayed(path)).toEqual([opened, { kind: 'time', at: 2 ** 52 + 1 }, ...others])
})

test('what was learnt of a container is known again from where it stands', () => {
  const path = newFile()
  const writer = writeRecording(path, HEADER, ROOMY)
  const { events } = collecting()
  const read = reading(events, writer)
  const pod = { name: 'web-1', namespace: 'shop', uid: 'u', labels: { app: 'web' }, annotations: {} }
  const facts: ContainerFacts = { runtime: 'cri', name: 'web', image: 'web:1', labels: {}, pod }
  for (const view of traffic().slice(0, 2)) read(view, RECORD_AT)
  writer.learnt({ container: ID, facts })
  writer.learnt({ container: 'f'.repeat(64), facts: null })
  writer.close()
  const [, bytes] = replayed(path)
  expect(bytes).toMatchObject({ process: { container: { state: 'known', facts } } })
})

test('a replay leaves out what its own filters say', () => {
  const path = newFile()
  record(traffic(), writeRecording(path, HEADER, ROOMY))
  const { events, taken } = collecting()
  const custom = [{ exe: '/opt/prögram', strategy: 'exact', skips: 15 }] as const
  const feed = replayInto(events, { filters: { groups: [], custom } })
  for (const text of readFileSync(path, 'utf8').split('\n').slice(1)) {
    const line = readRecordingLine(text)
    if (line) feed(line)
  }
  expect(taken.map((event) => (event as CaptureEvent).kind)).toEqual([
    'opened',
    'accepted',
    'bytes',
    'secret',
    'bytes',
    'closed',
  ])
})

test('its first line tells what it is, what it contains and how to read it', () => {
  const path = newFile()
  writeRecording(path, HEADER, ROOMY).close()
  const [first = ''] = readFileSync(path, 'utf8').split('\n')
  expect(readRecordingHeader(first, path)).toEqual({
    ...HEADER,
    format: 'qtap-recording',
    contains: expect.stringContaining('secrets'),
    wireVersion: wireLimit.version,
  })
})

test('only its owner can read it, whatever the usual mode of new files is', () => {
  const path = newFile()
  const before = process.umask(0)
  onTestFinished(() => void process.umask(before))
  writeRecording(path, HEADER, ROOMY).close()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a file that is there already is not touched', () => {
  const path = newFile()
  writeFileSync(path, 'mine')
  expect(() => writeRecording(path, HEADER, ROOMY)).toThrow(OperatorError)
  expect(() => writeRecording(path, HEADER, ROOMY)).toThrow('exists already')
  expect(readFileSync(path, 'utf8')).toBe('mine')
})

test('a folder that is not there is told', () => {
  const path = join(newFile(), 'deeper')
  expect(() => writeRecording(path, HEADER, ROOMY)).toThrow('cannot be written')
  expect(existsSync(path)).toBe(false)
})

test('past its limit records are dropped and counted, and what is there can be replayed', () => {
  const path = newFile()
  const writer = writeRecording(path, HEADER, 900)
  const events = record(traffic(), writer)
  expect(statSync(path).size).toBeLessThanOrEqual(900)
  expect(writer.stats.bytesWritten).toBe(statSync(path).size)
  const again = replayed(path)
  expect(again.length).toBeGreaterThan(0)
  expect(again.length).toBeLessThan(events.length)
  expect(writer.stats.recordsDropped).toBeGreaterThan(0)
})

test('what is learnt about processes counts for the limit too', () => {
  const path = newFile()
  const writer = writeRecording(path, HEADER, 1000)
  for (let pid = 1; pid < 1000; pid += 1) writer.learnt({ process: pid, facts: null })
  writer.close()
  expect(statSync(path).size).toBeLessThanOrEqual(1000)
})

test('a recording to a full disk ends, the agent does not', () => {
  // Every write to this device says that there is no space left.
  const writer = recordInto(openSync('/dev/full', 'w'), HEADER, ROOMY)
  const events = record(traffic(), writer)
  expect(events).toHaveLength(8)
  expect(writer.stats).toEqual({ bytesWritten: 0, recordsDropped: traffic().length })
})

test.for(['', 'GET / HTTP/1.1', '{}', '[]', 'null', '{"format":"pcap"}'])(
  'a file that begins with %j is no recording',
  (line) => {
    expect(() => readRecordingHeader(line, 'f')).toThrow('f is not a qtap recording.')
  },
)

test('a recording of another layout is refused', () => {
  const line = JSON.stringify({ ...HEADER, format: 'qtap-recording', wireVersion: wireLimit.version + 1 })
  expect(() => readRecordingHeader(line, 'f')).toThrow('record layout')
})

test.for([
  '',
  '{"record":"AAA',
  '{"record":5}',
  '{"time":"1"}',
  '{"other":1}',
  '{"process":1}',
  '{"process":1,"facts":{}}',
  '{"process":1,"facts":{"args":"x"}}',
  '{"user":1,"process":1}',
  '{"container":"a","facts":{}}',
  '{"container":1,"facts":null}',
  'null',
  '7',
])('the line %j says nothing', (text) => {
  expect(readRecordingLine(text)).toBeUndefined()
})

test.each([
  '',
  'AAA=',
  'AgAAAAEAAAA=',
  Buffer.from([2, 0, 0, 0, ...Array(200).fill(255)]).toString('base64'),
])('a record that ends before what it speaks of is no line: %j', (record) => {
  expect(readRecordingLine(JSON.stringify({ record }))).toBeUndefined()
})
