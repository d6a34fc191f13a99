import fc from 'fast-check'
import { websocket as protocol } from '../../../src/decoders/websocket/decoder.ts'
import { deflated, frameBytes, framesOf, KEY, SAID, upgrade } from '../../support/websocket-frames.ts'
import { WEBSOCKET_FRAMES } from '../frames.ts'
import { bounded, bytesFrom, type Input } from '../input.ts'
import { decoderTarget } from './decoder.ts'

const GENERATED = 60
const WINDOW_BYTES = 32_768
/** What the upgrade agreed on, by variant. */
const EXTENSIONS = [
  undefined,
  'permessage-deflate',
  'permessage-deflate; client_no_context_takeover; server_max_window_bits=9',
  'x-unknown',
] as const

export const websocket = decoderTarget(
  (variant, share) => protocol.open({ joinedLate: false, share, switched: upgrade(EXTENSIONS[variant]) }),
  {
    covers: /^src\/decoders\/websocket\//,
    variants: EXTENSIONS.length,
    frames: WEBSOCKET_FRAMES,
    tokens: [
      frameBytes({ opcode: 1, payload: Buffer.from('hello') }),
      frameBytes({ opcode: 1, payload: Buffer.from('hello'), key: KEY }),
      frameBytes({ opcode: 2, payload: Buffer.alloc(130), final: false }),
      frameBytes({ opcode: 0, payload: Buffer.from('rest'), key: KEY }),
      frameBytes({ opcode: 0, payload: Buffer.from('rest') }),
      frameBytes({ opcode: 8, payload: Uint8Array.of(3, 232), key: KEY }),
      frameBytes({ opcode: 9, payload: new Uint8Array(0) }),
      frameBytes({ opcode: 10, payload: KEY, key: KEY }),
      frameBytes({ opcode: 1, payload: deflated(Buffer.from('hello hello hello')), reserved: 4 }),
      frameBytes({ opcode: 1, payload: Buffer.from('a'), lengthBytes: 8 }),
      Uint8Array.of(0x82, 0x7f, 0, 0, 0, 1, 0, 0, 0, 0),
      Uint8Array.of(0x82, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x81, 0xfe),
      deflated(new Uint8Array(100_000)),
      deflated(Buffer.from('"id":42,name')),
    ],
    seeds: async () =>
      fc
        .sample(fc.tuple(SAID, SAID, fc.nat(EXTENSIONS.length - 1)), { numRuns: GENERATED, seed: 1 })
        .map(([client, server, variant]): Input => {
          const contextBytes = variant === 1 ? WINDOW_BYTES : variant === 2 ? 0 : undefined
          const sent = framesOf(client, { from: 'client', contextBytes })
          const answered = framesOf(server, { from: 'server', contextBytes })
          const actions = sent.flatMap((frame, at) => [
            bytesFrom('client', new Uint8Array(frame)),
            ...answered.slice(at, at + 1).map((answer) => bytesFrom('server', new Uint8Array(answer))),
          ])
          return bounded({ variant, actions })
        }),
  },
  () => true,
)
