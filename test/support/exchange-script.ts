import { source } from '../../src/base/index.ts'
import type { Decoded, Message } from '../../src/decoders/index.ts'
import {
  EXCHANGE_LIMITS,
  type Exchange,
  type PairOptions,
  type Progress,
  pairExchanges,
} from '../../src/exchanges/index.ts'
import { someConnection } from './some-connection.ts'

export const SCRIPT_CONNECTION = someConnection({
  id: 'c',
  local: { ip: '10.0.0.1', port: 4000 },
  remote: { ip: '10.0.0.2', port: 443 },
})

/** The stage that pairs, fed with messages by hand: no decoder in front; time passes when a test says so. */
export function openScript(limits: Partial<PairOptions> = {}) {
  const decoded = source<Decoded>({})
  const time = source<{ readonly at: number }>({})
  const paired = pairExchanges(decoded, {
    ...EXCHANGE_LIMITS,
    nextId: (at) => `id-${at / 1e6}`,
    time,
    ...limits,
  })
  const exchanges: Exchange[] = []
  const progress: Progress[] = []
  paired.listen((exchange) => exchanges.push(exchange))
  paired.progress.listen((one) => progress.push(one))
  const { wantBodies, keepsNothing } = paired
  return { say, pass, exchanges, progress, wantBodies, keepsNothing, stats: () => paired.stats }

  function say(atSeconds: number, ...messages: readonly Message[]): void {
    decoded.emit({
      connection: SCRIPT_CONNECTION,
      at: Math.round(atSeconds * 1e9),
      protocol: 'http2',
      messages,
    })
  }

  /** Says that time passed, second by second, from the one to the other. */
  function pass(fromSeconds: number, toSeconds: number): void {
    for (let second = fromSeconds; second <= toSeconds; second += 1) time.emit({ at: second * 1e9 })
  }
}

export function body(from: 'client' | 'server', bytes: Uint8Array, streamId = 1): Message {
  return { kind: 'body', streamId, from, bytes }
}

export function end(
  from: 'client' | 'server',
  cut?: Extract<Message, { kind: 'end' }>['cut'],
  streamId = 1,
): Message {
  return cut === undefined
    ? { kind: 'end', streamId, from, wireBytes: 9 }
    : { kind: 'end', streamId, from, wireBytes: 9, cut }
}
