import { Buffer } from 'node:buffer'
import type { LineWriter } from '../../base/index.ts'
import { jsonRequest, type Signal } from '../../otlp/index.ts'
import type { Outcome, Parcel, Sender } from '../delivery/parcel.ts'
import { DELIVERED } from '../store.ts'
import { parseEndpoint } from './endpoint.ts'
import { openGrpc } from './grpc.ts'
import { openHttp } from './http.ts'
import type { OtlpSettings } from './settings.ts'
import type { OtlpSurroundings, Transport } from './transport.ts'

/** Makes one request of encoded records or spans, in memory of its own: the sender takes it over. */
export type Frame = (parcels: readonly Uint8Array[]) => Uint8Array

/** Throws an `OperatorError` for what the operator can mend: endpoint, headers, TLS files. */
export function openOtlpSender(
  settings: OtlpSettings,
  signal: Signal,
  frame: Frame,
  surroundings: OtlpSurroundings,
): Sender {
  if (settings.protocol === 'stdout') return printing(signal, frame, surroundings)
  const transport = openTransport(settings, signal, surroundings)
  return {
    send: (parcels) => transport.send(frame(bytesOf(parcels)), parcels.length),
    close: async () => transport.close(),
  }
}

function openTransport(settings: OtlpSettings, signal: Signal, surroundings: OtlpSurroundings): Transport {
  const endpoint = parseEndpoint(settings, signal)
  return settings.protocol === 'grpc'
    ? openGrpc(endpoint, settings, signal, surroundings)
    : openHttp(endpoint, settings, surroundings)
}

/** OTLP/JSON on standard output: a request for each record, so that a line is a record. */
function printing(
  signal: Signal,
  frame: Frame,
  { standardOutput, stdoutIsTerminal = false }: OtlpSurroundings,
): Sender {
  return { send: async (parcels) => print(parcels), close: async () => {} }

  function print(parcels: readonly Parcel[]): Outcome {
    if (standardOutput.closed) return { kind: 'refused', why: 'nobody reads standard output any more' }
    const texts = parcels.map(({ bytes }) => `${jsonRequest(signal, frame([bytes]), stdoutIsTerminal)}\n`)
    return written(standardOutput, Buffer.from(texts.join('')))
  }
}

/** All lines or none: a batch that is tried again repeats nothing. */
function written(standardOutput: LineWriter, lines: Uint8Array): Outcome {
  const { droppedLines = 0, heldBytes = 0 } = standardOutput.stats
  standardOutput.writeBytes(lines)
  if (standardOutput.stats['droppedLines'] === droppedLines) return DELIVERED
  return heldBytes === 0
    ? { kind: 'refused', why: 'this is more than standard output takes at once' }
    : { kind: 'again', why: 'standard output is not read fast enough' }
}

function bytesOf(parcels: readonly Parcel[]): readonly Uint8Array[] {
  return parcels.map(({ bytes }) => bytes)
}
