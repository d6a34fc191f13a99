import { closeSync, openSync, writeSync } from 'node:fs'
import { type Emitter, type IdSeed, OperatorError } from '../base/index.ts'
import type { CaptureEvent } from './events.ts'
import {
  wireBytes,
  wireClosed,
  wireExec,
  wireExit,
  wireFork,
  wireHeader,
  wireKind,
  wireLimit,
  wireMapped,
  wireOpened,
  wireSecret,
} from './generated/wire.ts'
import type { OnRecord } from './kernel/ring.ts'
import type { ProcessFacts, ProcessReader } from './processes/proc.ts'
import { processTable } from './processes/table.ts'
import { recordReader } from './records.ts'

/**
 * First line of a recording. Each further line is one record, before it what had to be asked about processes
 * for it, or says that time has passed.
 */
export interface RecordingHeader {
  readonly format: 'qtap-recording'
  readonly contains: string
  readonly wireVersion: number
  /** Wall-clock time of boot, milliseconds since 1970. */
  readonly bootEpochMs: number
  readonly ids: IdSeed
}

type Line =
  | { readonly record: string }
  | { readonly process: number; readonly facts: ProcessFacts | null }
  | { readonly user: number; readonly process: number; readonly name: string }
  | { readonly time: number }

/** Put around the reading of records, to keep them as they are read. */
export interface RecordTap {
  around(read: OnRecord): OnRecord
  learnt(line: Line): void
}

export interface RecordingWriter extends RecordTap {
  readonly stats: { readonly bytesWritten: number; readonly recordsDropped: number }
  close(): void
}

const FLUSH_BYTES = 1 << 20
const RECORD_LENGTH_MASK = 0x3fff_ffff

type HeaderFields = Omit<RecordingHeader, 'format' | 'contains' | 'wireVersion'>

/** Writes raw kernel records to a new file that only its owner can read: it holds traffic and TLS secrets. */
export function writeRecording(path: string, header: HeaderFields, bytesMax: number): RecordingWriter {
  return recordInto(openForOwner(path), header, bytesMax)
}

/** Beyond `bytesMax`, and once the file cannot be written any more, records are dropped and counted. */
export function recordInto(fd: number, header: HeaderFields, bytesMax: number): RecordingWriter {
  const stats = { bytesWritten: 0, recordsDropped: 0 }
  let pending: string[] = []
  let pendingBytes = 0
  let broken = false
  const first: RecordingHeader = {
    format: 'qtap-recording',
    contains: 'captured traffic in clear text and TLS session secrets: handle it like a password',
    wireVersion: wireLimit.version,
    ...header,
  }
  add(first)
  return { stats, around, learnt: add, close }

  function around(read: OnRecord): OnRecord {
    return (view, at) => {
      // What is learnt about processes while the record is read stands before it, where a replay needs it.
      const length = recordBytes(view, at)
      const record = Buffer.from(view.buffer, view.byteOffset + at, length).toString('base64')
      read(view, at)
      if (!add({ record })) stats.recordsDropped += 1
    }
  }

  function add(line: Line | RecordingHeader): boolean {
    const text = `${JSON.stringify(line)}\n`
    const bytes = Buffer.byteLength(text)
    if (broken || stats.bytesWritten + pendingBytes + bytes > bytesMax) return false
    pending.push(text)
    pendingBytes += bytes
    if (pendingBytes >= FLUSH_BYTES) flush()
    return true
  }

  function flush(): void {
    const lines = pending
    const bytes = Buffer.from(lines.join(''))
    pending = []
    pendingBytes = 0
    try {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(fd, bytes, at)
        at += written
        stats.bytesWritten += written
      }
    } catch {
      broken = true
      stats.recordsDropped += lines.filter((line) => line.startsWith('{"record"')).length
    }
  }

  function close(): void {
    flush()
    closeSync(fd)
  }
}

/** Records with bytes are larger than what they hold: behind it lies what was in the ring buffer before. */
function recordBytes(view: DataView, at: number): number {
  if (view.getUint32(at + wireHeader.kind, true) === wireKind.bytes)
    return wireBytes.payload + view.getUint32(at + wireBytes.captured, true)
  return view.getUint32(at - 8, true) & RECORD_LENGTH_MASK
}

/** A reader of process facts that tells the recording all it says. */
export function tapReader(reader: ProcessReader, tap: RecordTap): ProcessReader {
  return {
    read(pid) {
      const facts = reader.read(pid)
      tap.learnt({ process: pid, facts: facts ?? null })
      return facts
    },
    userName(pid, userId) {
      const name = reader.userName(pid, userId)
      tap.learnt({ user: userId, process: pid, name })
      return name
    },
  }
}

/** Reads the header, or throws an `OperatorError` when this is not a recording that can be replayed. */
export function readRecordingHeader(line: string, path: string): RecordingHeader {
  const header = parse(line)
  if (!isHeader(header))
    throw new OperatorError(
      'QTAP_NOT_A_RECORDING',
      `${path} is not a qtap recording.`,
      'Make one: qtap record FILE',
    )
  if (header.wireVersion !== wireLimit.version)
    throw new OperatorError(
      'QTAP_NOT_A_RECORDING',
      `${path} has record layout ${header.wireVersion}, this qtap reads ${wireLimit.version}.`,
      'Record it again.',
    )
  return header
}

/** One line after the header, its text read. */
export type RecordingLine =
  | { readonly kind: 'record'; readonly view: DataView }
  | { readonly kind: 'facts'; readonly process: number; readonly facts: ProcessFacts | null }
  | { readonly kind: 'user'; readonly process: number; readonly user: number; readonly name: string }
  | { readonly kind: 'time'; readonly time: number }

/** Undefined for what is no line of a recording, such as one that was cut off. */
export function readRecordingLine(text: string): RecordingLine | undefined {
  const line = parse(text)
  if (!isLine(line)) return undefined
  if ('record' in line) {
    const view = new DataView(Uint8Array.from(Buffer.from(line.record, 'base64')).buffer)
    return isWholeRecord(view) ? { kind: 'record', view } : undefined
  }
  if ('time' in line) return { kind: 'time', ...line }
  return 'user' in line ? { kind: 'user', ...line } : { kind: 'facts', ...line }
}

const RECORD_BYTES: ReadonlyMap<number, number> = new Map([
  [wireKind.opened, wireOpened.byteLength],
  [wireKind.bytes, wireBytes.payload],
  [wireKind.closed, wireClosed.byteLength],
  [wireKind.secret, wireSecret.byteLength],
  [wireKind.exec, wireExec.byteLength],
  [wireKind.fork, wireFork.byteLength],
  [wireKind.exit, wireExit.byteLength],
  [wireKind.mapped, wireMapped.byteLength],
])

/** Whether all that the record's own lengths speak of is there. */
function isWholeRecord(view: DataView): boolean {
  if (view.byteLength < wireHeader.byteLength) return false
  const kind = view.getUint32(wireHeader.kind, true)
  if (view.byteLength < (RECORD_BYTES.get(kind) ?? 0)) return false
  switch (kind) {
    case wireKind.bytes:
      return wireBytes.payload + view.getUint32(wireBytes.captured, true) <= view.byteLength
    case wireKind.secret:
      return wireSecret.secret + view.getUint8(wireSecret.length) <= view.byteLength
    case wireKind.exec:
      return (
        view.getUint16(wireExec.pathLength, true) <= wireLimit.pathBytes &&
        view.getUint16(wireExec.argsLength, true) <= wireLimit.argsBytes
      )
    case wireKind.mapped:
      return view.getUint16(wireMapped.pathLength, true) <= wireLimit.pathBytes
    default:
      return true
  }
}

/**
 * Gives what feeds a recording's lines into `events`, as the kernel's records were fed when they were
 * recorded.
 */
export function replayInto(events: Emitter<CaptureEvent>): (line: RecordingLine) => void {
  const facts = new Map<number, ProcessFacts>()
  const users = new Map<string, string>()
  const processes = processTable({
    read: (pid) => facts.get(pid),
    userName: (pid, userId) => users.get(`${pid} ${userId}`) ?? '',
  })
  const records = recordReader({ events, processes, onStarted() {}, onFile() {}, ignored: () => false })
  return (line) => {
    if (line.kind === 'record') records.read(line.view, 0)
    else if (line.kind === 'time') events.emit({ kind: 'time', at: line.time })
    else if (line.kind === 'user') users.set(`${line.process} ${line.user}`, line.name)
    else if (line.facts) facts.set(line.process, line.facts)
    else facts.delete(line.process)
  }
}

function openForOwner(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw new OperatorError(
      'QTAP_CANNOT_WRITE',
      exists ? `${path} exists already.` : `${path} cannot be written.`,
      'Give the name of a new file in a folder that can be written.',
    )
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isHeader(value: unknown): value is RecordingHeader {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === 'qtap-recording'
}

function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null) return false
  if ('record' in value) return typeof value.record === 'string'
  return 'time' in value ? typeof value.time === 'number' : 'process' in value
}
