import {
  wireBytes,
  wireClosed,
  wireFork,
  wireHeader,
  wireKind,
  wireOpened,
} from '../src/capture/generated/wire.ts'
import { readRecordingLine } from '../src/capture/index.ts'

type RecordingLine = NonNullable<ReturnType<typeof readRecordingLine>>

/**
 * Of a recording's lines those about the processes that moved bytes in it, their ancestors, and their
 * connections, and the time that passed, and about containers that such a process names.
 * The rest is other programs of the host: what they were called with is nobody's business.
 */
export function onlyOwnLines(texts: readonly string[]): readonly string[] {
  const lines = texts.flatMap((text) => {
    const line = readRecordingLine(text)
    return line ? [{ text, line }] : []
  })
  const processes = new Set<number>()
  const keys = new Set<bigint>()
  for (const { line } of lines) {
    if (line.kind !== 'record' || kindOf(line) !== wireKind.bytes) continue
    processes.add(processOf(line))
    keys.add(line.view.getBigUint64(wireBytes.key, true))
  }
  for (const { line } of lines.toReversed())
    if (line.kind === 'record' && kindOf(line) === wireKind.fork && processes.has(processOf(line)))
      processes.add(line.view.getUint32(wireFork.parent, true))
  const names = lines.flatMap(({ text, line }) => namesOf(text, line)).join(' ')
  return lines.flatMap(({ text, line }) => (isOwn(line) ? [text] : []))

  /** Where a container's id stands. */
  function namesOf(text: string, line: RecordingLine): readonly string[] {
    if (line.kind === 'facts') return processes.has(line.process) ? [text] : []
    if (line.kind !== 'record' || kindOf(line) !== wireKind.exec || !processes.has(processOf(line))) return []
    return [Buffer.from(line.view.buffer).toString('latin1')]
  }

  function isOwn(line: RecordingLine): boolean {
    if (line.kind === 'time') return true
    if (line.kind === 'container') return names.includes(line.container)
    if (line.kind !== 'record') return processes.has(line.process)
    switch (kindOf(line)) {
      case wireKind.opened:
        return keys.has(line.view.getBigUint64(wireOpened.key, true))
      case wireKind.closed:
        return keys.has(line.view.getBigUint64(wireClosed.key, true))
      case wireKind.bytes:
        return true
      case wireKind.mapped:
        return false
      default:
        return processes.has(processOf(line))
    }
  }
}

function kindOf({ view }: Extract<RecordingLine, { kind: 'record' }>): number {
  return view.getUint32(wireHeader.kind, true)
}

function processOf({ view }: Extract<RecordingLine, { kind: 'record' }>): number {
  return view.getUint32(wireHeader.process, true)
}
