/** What the recorded traces hold: connections as they passed, and as they are read. */
import { readdirSync, readFileSync } from 'node:fs'
import { source } from '../../src/base/index.ts'
import { type CaptureEvent, readRecordingLine, replayInto } from '../../src/capture/index.ts'
import { followConnections, openTlsSessions, type Side } from '../../src/connections/index.ts'

export type StreamPart =
  | { readonly kind: 'bytes'; readonly from: Side; readonly bytes: Uint8Array }
  | { readonly kind: 'gap'; readonly from: Side; readonly missingBytes: number | undefined }

export interface RecordedConnection {
  readonly joinedLate: boolean
  readonly parts: readonly StreamPart[]
}

const TRACES = new URL('../traces/', import.meta.url)

export function traceNames(): readonly string[] {
  return readdirSync(TRACES, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
}

/** Lines behind the header. */
export function traceLines(name: string): readonly string[] {
  const text = readFileSync(new URL(`${name}/trace.jsonl`, TRACES), 'utf8')
  return text.trimEnd().split('\n').slice(1)
}

/** The plain streams of every connection, gaps included. */
export function plainConnections(name: string): readonly RecordedConnection[] {
  const events = source<CaptureEvent>({})
  const tls = openTlsSessions()
  const streams = followConnections(events, { nextId: String, tls, connectionsMax: 1_000 })
  const found = new Map<object, { joinedLate: boolean; parts: StreamPart[] }>()
  streams.listen((event) => {
    const { connection } = event
    const parts = found.get(connection)?.parts ?? []
    found.set(connection, { joinedLate: connection.joinedLate, parts })
    if (event.kind === 'bytes') parts.push({ kind: 'bytes', from: event.from, bytes: event.bytes.slice() })
    if (event.kind === 'gap') parts.push({ kind: 'gap', from: event.from, missingBytes: event.missingBytes })
  })
  feed(name, events)
  streams.close()
  return [...found.values()]
}

/** The bytes of every connection, TLS still closed. */
export function wireConnections(name: string): readonly RecordedConnection[] {
  const events = source<CaptureEvent>({})
  const found = new Map<number, { role: Side; joinedLate: boolean; parts: StreamPart[] }>()
  events.listen((event) => {
    if (event.kind === 'opened')
      found.set(event.key, { role: event.role, joinedLate: event.joinedLate, parts: [] })
    const socket = event.kind === 'bytes' ? found.get(event.key) : undefined
    if (event.kind !== 'bytes' || socket === undefined) return
    const other = socket.role === 'client' ? 'server' : 'client'
    const from = event.direction === 'sent' ? socket.role : other
    socket.parts.push({ kind: 'bytes', from, bytes: event.bytes.slice() })
  })
  feed(name, events)
  return [...found.values()]
}

function feed(name: string, events: Parameters<typeof replayInto>[0]): void {
  const replay = replayInto(events)
  for (const text of traceLines(name)) {
    const line = readRecordingLine(text)
    if (line) replay(line)
  }
}
