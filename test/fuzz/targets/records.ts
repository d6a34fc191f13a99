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
} from '../../../src/capture/generated/wire.ts'
import { readRecordingLine, replayInto } from '../../../src/capture/index.ts'
import { traceLines, traceNames } from '../../support/recorded-streams.ts'
import { bounded, bytesFrom, type Input } from '../input.ts'
import type { Target } from '../target.ts'
import { openStages } from './pipeline.ts'

/** Below 2^52 as everything that counts bytes or nanoseconds. */
const HIGH_WORD_MAX = 0xfffff

/**
 * Kernel records, one an action, through every stage up to exchanges. The kernel is trusted to write records
 * of their full size with lengths that fit; all else of them may be anything.
 */
export const records: Target = {
  covers: /^src\/(capture\/records|connections|decoders|exchanges)/,
  variants: 1,
  tokens: [
    'GET / HTTP/1.1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    Uint8Array.of(22, 3, 1),
  ],
  seeds: async () =>
    traceNames().map((name) => bounded({ variant: 0, actions: traceLines(name).flatMap(actionsOf) })),
  feed: (input) => run(input, new Set()),
  check: run,
}

function actionsOf(text: string) {
  const line = readRecordingLine(text)
  return line?.kind === 'record' ? [bytesFrom('client', new Uint8Array(line.view.buffer))] : []
}

function run({ actions }: Input, traits: Set<string>): void {
  const { events, close } = openStages()
  const feed = replayInto(events)
  for (const action of actions)
    if (action.kind === 'bytes') feed({ kind: 'record', view: asKernelWrites(action.bytes) })
  close(traits)
}

function asKernelWrites(bytes: Uint8Array): DataView {
  const view = new DataView(new ArrayBuffer(Math.max(bytes.length, wireExec.byteLength)))
  new Uint8Array(view.buffer).set(bytes)
  const length = Math.max(bytes.length, wireDns.payload)
  switch (view.getUint32(wireHeader.kind, true)) {
    case wireKind.bytes: {
      const captured = Math.min(view.getUint32(wireBytes.captured, true), length - wireBytes.payload)
      const passed = Math.min(view.getUint32(wireBytes.length, true), wireLimit.callBytes)
      view.setUint32(wireBytes.captured, captured, true)
      view.setUint32(wireBytes.length, Math.max(captured, passed), true)
      lowerHigh(view, [wireBytes.at, wireBytes.key, wireBytes.position])
      break
    }
    case wireKind.opened:
      lowerHigh(view, [wireOpened.at, wireOpened.key])
      break
    case wireKind.accepted:
      lowerHigh(view, [wireAccepted.at, wireAccepted.key])
      break
    case wireKind.dns: {
      const captured = Math.min(view.getUint32(wireDns.captured, true), length - wireDns.payload)
      view.setUint32(wireDns.captured, captured, true)
      lowerHigh(view, [wireDns.at])
      break
    }
    case wireKind.closed:
      lowerHigh(view, [wireClosed.at, wireClosed.key, wireClosed.sent, wireClosed.received])
      break
    case wireKind.secret:
      view.setUint8(wireSecret.length, Math.min(48, view.getUint8(wireSecret.length)))
      lowerHigh(view, [wireSecret.at, wireSecret.session])
      break
    case wireKind.exec:
      limitLength(view, wireExec.pathLength, wireLimit.pathBytes)
      limitLength(view, wireExec.argsLength, wireLimit.argsBytes)
      limitLength(view, wireExec.environmentLength, wireLimit.environmentBytes)
      break
    case wireKind.mapped:
      limitLength(view, wireMapped.pathLength, wireLimit.pathBytes)
      break
    case wireKind.fork:
      lowerHigh(view, [wireFork.at])
      break
    default:
      lowerHigh(view, [wireExit.at])
  }
  return view
}

function lowerHigh(view: DataView, fields: readonly number[]): void {
  for (const at of fields) view.setUint32(at + 4, Math.min(HIGH_WORD_MAX, view.getUint32(at + 4, true)), true)
}

function limitLength(view: DataView, at: number, max: number): void {
  view.setUint16(at, Math.min(max, view.getUint16(at, true)), true)
}
