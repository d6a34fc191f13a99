import { closeSync, openSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { type Clock, type Emitter, type IdSeed, OperatorError, silentLog } from '../base/index.ts'
import { openContainers } from './containers/containers.ts'
import type { CaptureEvent, ContainerFacts } from './events.ts'
import { processFilter } from './filters.ts'
import {
  wireAccepted,
  wireBytes,
  wireClosed,
  wireDns,
  wireExec,
  wireExit,
  wireFork,
  wireHeader,
  wireKind,
  wireLimit,
  wireMapped,
  wireOpened,
  wireSecret,
  wireUser,
} from './generated/wire.ts'
import type { OnRecord } from './kernel/ring.ts'
import type { Tap } from './options.ts'
import { wantedEnvironment } from './processes/environment.ts'
import type { ProcessFacts, ProcessReader } from './processes/proc.ts'
import { processTable } from './processes/table.ts'
import { recordReader } from './records.ts'

/**
 * First line of a recording. Each further line is one record, before it what had to be asked about processes
 * for it, or says what was learnt of a container, or that time has passed.
 */
export interface RecordingHeader {
  readonly format: 'qtap-recording'
  readonly contains: string
  readonly wireVersion: number
  /** Wall-clock time of boot, milliseconds since 1970. */
  readonly bootEpochMs: number
  readonly ids: IdSeed
  /** Of the machine; missing in traces. */
  readonly hostname?: string | undefined
}

type Line =
  | { readonly record: string }
  | { readonly process: number; readonly facts: ProcessFacts | null }
  | { readonly user: number; readonly process: number; readonly name: string }
  | { readonly container: string; readonly facts: ContainerFacts | null }
  | { readonly time: number; readonly bootEpochMs?: number | undefined }

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
  const kind = view.getUint32(at + wireHeader.kind, true)
  if (kind === wireKind.bytes) return wireBytes.payload + view.getUint32(at + wireBytes.captured, true)
  if (kind === wireKind.dns) return wireDns.payload + view.getUint32(at + wireDns.captured, true)
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
    userName(pid, userId, isContained) {
      const name = reader.userName(pid, userId, isContained)
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
  | { readonly kind: 'container'; readonly container: string; readonly facts: ContainerFacts | null }
  | { readonly kind: 'time'; readonly time: number; readonly bootEpochMs?: number | undefined }

const Words = z.record(z.string(), z.string())

const Facts: z.ZodType<ProcessFacts> = z.object({
  pid: z.number(),
  parentPid: z.number(),
  startedAt: z.number(),
  exe: z.string(),
  args: z.array(z.string()),
  userId: z.number(),
  hostname: z.string(),
  environment: Words,
  containerId: z.string(),
  podUid: z.string(),
})

const Pod = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  labels: Words,
  annotations: Words,
})

const Container: z.ZodType<ContainerFacts> = z.object({
  runtime: z.enum(['docker', 'containerd', 'cri']),
  name: z.string(),
  image: z.string(),
  labels: Words,
  pod: Pod.optional().transform((pod) => pod),
})

const Line: z.ZodType<Line> = z.union([
  z.object({ record: z.string() }),
  z.object({ time: z.number(), bootEpochMs: z.number().optional() }),
  z.object({ user: z.number(), process: z.number(), name: z.string() }),
  z.object({ container: z.string(), facts: z.nullable(Container) }),
  z.object({ process: z.number(), facts: z.nullable(Facts) }),
])

/** Undefined for what is no line of a recording, such as one that was cut off. */
export function readRecordingLine(text: string): RecordingLine | undefined {
  const read = Line.safeParse(parse(text))
  if (!read.success) return undefined
  const line = read.data
  if ('record' in line) {
    const view = new DataView(Uint8Array.from(Buffer.from(line.record, 'base64')).buffer)
    return isWholeRecord(view) ? { kind: 'record', view } : undefined
  }
  if ('time' in line) return { kind: 'time', ...line }
  if ('container' in line) return { kind: 'container', ...line }
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
  [wireKind.accepted, wireAccepted.byteLength],
  [wireKind.dns, wireDns.payload],
  [wireKind.user, wireUser.byteLength],
])

/** Whether all that the record's own lengths speak of is there. */
function isWholeRecord(view: DataView): boolean {
  if (view.byteLength < wireHeader.byteLength) return false
  const kind = view.getUint32(wireHeader.kind, true)
  if (view.byteLength < (RECORD_BYTES.get(kind) ?? 0)) return false
  switch (kind) {
    case wireKind.bytes:
      return wireBytes.payload + view.getUint32(wireBytes.captured, true) <= view.byteLength
    case wireKind.dns:
      return wireDns.payload + view.getUint32(wireDns.captured, true) <= view.byteLength
    case wireKind.secret:
      return wireSecret.secret + view.getUint8(wireSecret.length) <= view.byteLength
    case wireKind.exec:
      return (
        view.getUint16(wireExec.pathLength, true) <= wireLimit.pathBytes &&
        view.getUint16(wireExec.argsLength, true) <= wireLimit.argsBytes &&
        view.getUint16(wireExec.environmentLength, true) <= wireLimit.environmentBytes
      )
    case wireKind.mapped:
      return view.getUint16(wireMapped.pathLength, true) <= wireLimit.pathBytes
    default:
      return true
  }
}

export interface ReplayOptions {
  /** What is left out, as in a run with such filters. */
  readonly filters?: Tap['filters']
  /** Variables of processes that are taken from the recording, where it has them. */
  readonly environmentNames?: readonly string[]
}

/** Of the containers' clock: it counts only when a runtime is asked. */
const STILL: Clock = { bootEpochMs: 0, nowMs: () => 0, elapsedMs: () => 0 }
const NO_FILTERS: Tap['filters'] = { groups: [], custom: [] }

/**
 * Gives what feeds a recording's lines into `events`, as the kernel's records were fed when they were
 * recorded.
 */
export function replayInto(
  events: Emitter<CaptureEvent>,
  { filters = NO_FILTERS, environmentNames = [] }: ReplayOptions = {},
): (line: RecordingLine) => void {
  const facts = new Map<number, ProcessFacts>()
  const users = new Map<string, string>()
  const containers = openContainers({ sockets: undefined, log: silentLog, clock: STILL })
  const wanted = wantedEnvironment(environmentNames)
  const processes = processTable({
    reader: {
      read: (pid) => facts.get(pid),
      userName: (pid, userId) => users.get(`${pid} ${userId}`) ?? '',
    },
    containerOf: containers.of,
    skipsOf: processFilter(filters, 0),
  })
  const records = recordReader({
    events,
    processes,
    wanted: () => wanted,
    onStarted() {},
    onForked() {},
    onEnded() {},
    onFile() {},
    onSkipped() {},
  })
  return (line) => {
    if (line.kind === 'record') records.read(line.view, 0)
    else if (line.kind === 'time') events.emit({ kind: 'time', at: line.time, bootEpochMs: line.bootEpochMs })
    else if (line.kind === 'user') users.set(`${line.process} ${line.user}`, line.name)
    else if (line.kind === 'container') containers.learnt(line.container, line.facts ?? undefined)
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
