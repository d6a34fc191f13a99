import fc from 'fast-check'
import { PROTOCOLS } from '../../../src/decoders/index.ts'
import { stepsOf, TURNS } from '../../support/http1-traffic.ts'
import { inputFrom } from '../input.ts'
import { plainSeeds } from '../seeds.ts'
import { decoderTarget } from './decoder.ts'

const GENERATED = 40

export const http1 = decoderTarget(
  (variant, share) => PROTOCOLS.http1.open({ joinedLate: variant === 1, share }),
  {
    covers: /^src\/decoders\//,
    variants: 2,
    tokens: [
      'GET / HTTP/1.1\r\n\r\n',
      'HEAD / HTTP/1.1\r\n\r\n',
      'CONNECT a:1 HTTP/1.1\r\n\r\n',
      'POST / HTTP/1.1\r\n',
      'GET / HTTP/1.0\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\n\r\n',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'HTTP/1.1 204\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\n\r\n',
      'HTTP/1.0 200 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'Content-Length: ',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Transfer-Encoding: gzip, chunked\r\n',
      'Transfer-Encoding: identity\r\n',
      'Connection: close\r\n',
      'Connection: Upgrade\r\nUpgrade: websocket\r\n',
      'Upgrade: h2c\r\n',
      'Expect: 100-continue\r\n',
      ' folded\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '5\r\nhello\r\n',
      '0\r\n\r\n',
      '0\r\nT: 1\r\n\r\n',
      '\r\n',
      '\r\n\r\n',
      '\n\n',
      '\r',
      ';a=b',
      ': ',
      ',',
      'HTTP/1.',
      '\xff',
      '\0',
    ],
    seeds: async () => {
      const generated = fc.sample(fc.tuple(TURNS, fc.boolean()), { numRuns: GENERATED, seed: 1 })
      return [...plainSeeds(), ...generated.map(([turns, pipelines]) => inputFrom(stepsOf(turns, pipelines)))]
    },
  },
)
