import { http2 as protocol } from '../../../src/decoders/http2/decoder.ts'
import { recordHttp2 } from '../../support/http2-recording.ts'
import { HTTP2_FRAMES } from '../frames.ts'
import { bounded, bytesFrom, type Input } from '../input.ts'
import { decoderTarget } from './decoder.ts'

const REQUESTS = [1, 2, 4, 6]
const LATE_PARTS = 4

export const http2 = decoderTarget((variant, share) => protocol.open({ joinedLate: variant === 1, share }), {
  covers: /^src\/decoders\/http2\//,
  variants: 2,
  frames: HTTP2_FRAMES,
  tokens: [
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    frame(4, 0, 0),
    frame(4, 1, 0),
    frame(4, 0, 0, 0, 1, 0, 0, 0, 0),
    frame(4, 0, 0, 0, 5, 0, 0, 0x40, 1),
    // GET https / :authority a
    frame(1, 5, 1, 0x82, 0x87, 0x84, 0x41, 1, 97),
    frame(1, 4, 3, 0x83, 0x87, 0x84, 0x41, 1, 97),
    frame(1, 4, 1, 0x88),
    frame(1, 5, 1, 0x88),
    frame(1, 4, 1, 0x08, 3, 49, 48, 51),
    frame(1, 0, 5, 0x82, 0x87),
    frame(9, 4, 5, 0x84, 0x41, 1, 97),
    frame(1, 0x2d, 1, 1, 0, 0, 0, 0, 16, 0x88, 0),
    frame(1, 5, 1, 0x40, 1, 120, 1, 121),
    frame(0, 0, 1, 104, 105),
    frame(0, 1, 1, 104, 105),
    frame(0, 9, 1, 2, 104, 105, 0, 0),
    frame(0, 1, 3),
    frame(2, 0, 1, 0, 0, 0, 0, 1),
    frame(3, 0, 1, 0, 0, 0, 8),
    frame(5, 4, 1, 0, 0, 0, 2, 0x82, 0x87, 0x84, 0x41, 1, 97),
    frame(6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
    frame(7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0),
    frame(8, 0, 0, 0, 0, 0xff, 0xff),
    frame(250, 0, 0, 1),
    Uint8Array.of(0xbe, 0xbf, 0xc0),
  ],
  seeds: async () => {
    const recorded = await Promise.all(REQUESTS.map((requests) => recordHttp2(requests)))
    return recorded.flatMap((chunks): Input[] => {
      const actions = chunks.map(({ from, bytes }) => bytesFrom(from, bytes))
      const parts = Array.from({ length: LATE_PARTS }, (_, part) =>
        Math.floor((part * actions.length) / LATE_PARTS),
      )
      return [
        bounded({ variant: 0, actions }),
        ...parts.map((begin) => bounded({ variant: 1, actions: actions.slice(begin) })),
      ]
    })
  },
})

/** RFC 9113 §4.1; a payload of less than 256 bytes. */
function frame(type: number, flags: number, streamId: number, ...payload: number[]): Uint8Array {
  return Uint8Array.of(0, 0, payload.length, type, flags, 0, 0, 0, streamId, ...payload)
}
