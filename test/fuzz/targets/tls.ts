import type { Side } from '../../../src/connections/index.ts'
import { createBuffers } from '../../../src/connections/tls/buffers.ts'
import { createFraming, type FramingSink } from '../../../src/connections/tls/framing.ts'
import { readClientHello, readServerHello } from '../../../src/connections/tls/hello.ts'
import { CLIENT_HELLO, createMessageReader } from '../../../src/connections/tls/messages.ts'
import { Finding } from '../finding.ts'
import { TLS_FRAMES } from '../frames.ts'
import { type Action, hashOf, type Input } from '../input.ts'
import { seededRandom } from '../random.ts'
import { wireSeeds } from '../seeds.ts'
import type { Target } from '../target.ts'
import { cutAnew } from './cut.ts'
import { expectSame } from './message-log.ts'

const HEADER_BYTES = 5
const HANDSHAKE = 22

/** The records of both sides, the handshake messages in them, and what the hellos say. No secrets. */
export const tls: Target = {
  covers: /^src\/connections\/tls\/(framing|hello|messages|buffers)\.ts$/,
  variants: 2,
  frames: TLS_FRAMES,
  tokens: [
    Uint8Array.of(22, 3, 1, 0, 5),
    Uint8Array.of(23, 3, 3, 0, 17),
    Uint8Array.of(23, 3, 3, 0x41, 0),
    Uint8Array.of(20, 3, 3, 0, 1, 1),
    Uint8Array.of(21, 3, 3, 0, 2),
    Uint8Array.of(1, 0, 0, 40, 3, 3),
    Uint8Array.of(2, 0, 0, 40, 3, 3),
    Uint8Array.of(0, 43, 0, 2, 3, 4),
    Uint8Array.of(0, 0, 0, 6, 0, 4, 0, 0, 1, 97),
    Uint8Array.of(0, 16, 0, 5, 0, 3, 2, 104, 50),
    Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'),
  ],
  seeds: async () => wireSeeds(),
  feed: ({ actions }) => void observe(actions),
  check,
}

function check(input: Input, traits: Set<string>): void {
  const log = observe(input.actions)
  for (const line of log) traits.add(traitOf(line))
  const searched = log.some((line) => line.includes('lost'))
  const split = observe(cutAnew(input, seededRandom(hashOf(input))))
  // After a loss the search holds more or less, so a chunk may be told of in other parts.
  if (!searched) expectSame('split', log, split)
}

/** What was found, and which parts a hello had. */
function traitOf(line: string): string {
  const [what, ...rest] = line.split(/[^a-zA-Z]+/)
  const parts = ['serverName', 'true', 'hello', 'nothing'].filter((part) => rest.includes(part))
  return `${what} ${rest[0]} ${parts.join(' ')}`
}

function observe(actions: readonly Action[]): readonly string[] {
  const logs: Record<Side, string[]> = { client: [], server: [] }
  const buffers = createBuffers()
  const framings = { client: framingOf(logs.client), server: framingOf(logs.server) }
  for (const action of actions) {
    const framing = framings[action.from]
    if (action.kind === 'bytes') framing.bytes(action.bytes)
    else framing.gap(action.missingBytes ?? 1)
  }
  framings.client.close()
  framings.server.close()
  return [...logs.client, ...logs.server]

  function framingOf(log: string[]) {
    return createFraming(sinkInto(log), buffers)
  }
}

function sinkInto(log: string[]): FramingSink {
  const reader = createMessageReader((type, body) => log.push(`message ${type} ${bodyText(type, body)}`))
  return {
    record(bytes, at, length) {
      checkRecord(bytes, at, length)
      log.push(`record ${bytes[at]} ${length}`)
      if (bytes[at] === HANDSHAKE) reader.bytes(bytes.subarray(at + HEADER_BYTES, at + length))
    },
    lostRecord(type, length) {
      log.push(`lost record ${type} ${length}`)
      reader.reset()
    },
    lostRecords(missingBytes) {
      log.push(`lost records ${missingBytes}`)
      reader.reset()
    },
    prove(bytes, at, length) {
      checkRecord(bytes, at, length)
      return (bytes[at + HEADER_BYTES] ?? 0) % 3 === 0
    },
  }
}

function checkRecord(bytes: Uint8Array, at: number, length: number): void {
  if (at < 0 || length < HEADER_BYTES || at + length > bytes.length)
    throw new Finding('record outside of its bytes', `${length} bytes at ${at} of ${bytes.length}`)
}

function bodyText(type: number, body: Uint8Array | undefined): string {
  if (body === undefined) return 'nothing'
  const hello = type === CLIENT_HELLO ? readClientHello(body) : readServerHello(body)
  if (hello !== undefined && hello.random.length !== 32)
    throw new Finding('random', `of ${hello.random.length} bytes`)
  return JSON.stringify(hello ?? 'no hello')
}
