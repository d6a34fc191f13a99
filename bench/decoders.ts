/**
 * Our decoders beside other parsers on the same bytes, in the same run: HTTP/1 beside http-parser-js, header
 * blocks beside hpack.js. Says how many messages a second, and how many times the other's that is. The rounds
 * alternate and the best of each counts, because the machine does other things too.
 *
 *   npm run bench:decoders [-- --short]
 *
 * Ends with 1 when a ratio is below its threshold.
 */
import { createRequire } from 'node:module'
import { HTTPParser } from 'http-parser-js'
import type { Side } from '../src/connections/index.ts'
import { openHpack } from '../src/decoders/http2/hpack/open.ts'
import { PROTOCOLS } from '../src/decoders/index.ts'
import { headerBlocks } from '../test/support/http2-recording.ts'
import { plainConnections } from '../test/support/recorded-streams.ts'

/** Ours must be so many times as fast as the other. Recorded heads have few fields: less is to be gained. */
const RATIO_MIN = {
  'http1 recorded': 2,
  'http1 with content length': 2,
  'http1 chunked': 2,
  hpack: 2,
} as const

const ROUNDS = { short: 8, long: 24 } as const
const ROUND_MS = { short: 60, long: 250 } as const
const TRACE = 'keep-alive-plain'
const EXCHANGES = 200
const BODY = 'x'.repeat(1024)
const REQUESTS = 200

/** One pass over all the bytes; both do the same work. */
interface Contest {
  readonly name: keyof typeof RATIO_MIN
  readonly unit: string
  readonly units: number
  readonly bytes: number
  readonly ours: () => void
  readonly other: () => void
}

interface Chunk {
  readonly from: Side
  readonly bytes: Buffer
}

interface DecompressorOfHpackJs {
  write(block: Uint8Array): void
  execute(): void
  read(): { readonly name: string; readonly value: string } | null
}

const hpackJs: {
  readonly decompressor: {
    create(options: { table: { maxSize: number } }): DecompressorOfHpackJs
  }
} = createRequire(import.meta.url)('hpack.js')

async function main(): Promise<number> {
  const mode = process.argv.includes('--short') ? 'short' : 'long'
  const contests = [
    http1('http1 recorded', recordedTraffic()),
    http1('http1 with content length', sizedTraffic()),
    http1('http1 chunked', chunkedTraffic()),
    await hpack(),
  ]
  const results = contests.map((contest) => run(contest, ROUNDS[mode], ROUND_MS[mode]))
  return results.every(Boolean) ? 0 : 1
}

function run({ name, unit, units, bytes, ours, other }: Contest, rounds: number, roundMs: number): boolean {
  let best = Number.POSITIVE_INFINITY
  let bestOther = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    best = Math.min(best, passMs(ours, roundMs))
    bestOther = Math.min(bestOther, passMs(other, roundMs))
  }
  const rate = Math.round((units * 1_000) / best)
  const otherRate = Math.round((units * 1_000) / bestOther)
  const ratio = bestOther / best
  const isEnough = ratio >= RATIO_MIN[name]
  console.log(
    `${name}: ${rate} ${unit}/s, ${(bytes / best / 1_000).toFixed(0)} MB/s; ` +
      `the other: ${otherRate}/s, ${(bytes / bestOther / 1_000).toFixed(0)} MB/s; ` +
      `ratio ${ratio.toFixed(2)}${isEnough ? '' : `, below ${RATIO_MIN[name]}`}`,
  )
  return isEnough
}

/** Processor time of one pass, on average over the round. */
function passMs(pass: () => void, roundMs: number): number {
  let passes = 0
  let spentMs = 0
  const started = process.threadCpuUsage()
  while (spentMs < roundMs) {
    pass()
    passes += 1
    const { user, system } = process.threadCpuUsage(started)
    spentMs = (user + system) / 1_000
  }
  return spentMs / passes
}

/** Requests and responses of one kept-alive connection, in the chunks in which the programs read them. */
function http1(name: Contest['name'], chunks: readonly Chunk[]): Contest {
  const expected = otherMessages()
  return {
    name,
    unit: 'messages',
    units: expected,
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
    ours: () => same(name, ourMessages(), expected),
    other: () => same(name, otherMessages(), expected),
  }

  function ourMessages(): number {
    const decoder = PROTOCOLS.http1.open({ joinedLate: false })
    let ends = 0
    for (const { from, bytes } of chunks) {
      for (const { kind } of decoder.bytes(from, bytes)) if (kind === 'end') ends += 1
    }
    return ends
  }

  function otherMessages(): number {
    let ends = 0
    const count = () => {
      ends += 1
    }
    const parsers = {
      client: openParser(HTTPParser.REQUEST, count),
      server: openParser(HTTPParser.RESPONSE, count),
    }
    for (const { from, bytes } of chunks) parsers[from].execute(bytes)
    return ends
  }
}

function openParser(type: typeof HTTPParser.REQUEST | typeof HTTPParser.RESPONSE, onEnd: () => void) {
  const parser = new HTTPParser(type)
  parser[HTTPParser.kOnHeadersComplete] = () => {}
  parser[HTTPParser.kOnBody] = () => {}
  parser[HTTPParser.kOnMessageComplete] = onEnd
  return parser
}

/** Every header block of a connection of node:http2, read in order by one decompressor a side. */
async function hpack(): Promise<Contest> {
  const sides = Object.values(await headerBlocks(REQUESTS))
  const blocks = sides.flat()
  const fields = countFields()
  return {
    name: 'hpack',
    unit: 'blocks',
    units: blocks.length,
    bytes: blocks.reduce((sum, { length }) => sum + length, 0),
    ours: () => same('hpack', countFields(), fields),
    other: () => same('hpack', countOther(), fields),
  }

  function countFields(): number {
    let count = 0
    for (const side of sides) {
      const decoder = openHpack({ joinedLate: false })
      for (const block of side) count += decoder.decode(block).fields.length
    }
    return count
  }

  function countOther(): number {
    let count = 0
    for (const side of sides) {
      const decoder = hpackJs.decompressor.create({ table: { maxSize: 4096 } })
      for (const block of side) {
        decoder.write(block)
        decoder.execute()
        while (decoder.read() !== null) count += 1
      }
    }
    return count
  }
}

/** A bench of work that is not done measures nothing. */
function same(name: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`${name}: ${got} instead of ${expected}`)
}

/** The busiest connection of a recorded trace. */
function recordedTraffic(): readonly Chunk[] {
  const parts = plainConnections(TRACE)
    .map((connection) => connection.parts)
    .reduce((most, more) => (more.length > most.length ? more : most))
  return parts.flatMap((part) =>
    part.kind === 'bytes' ? [{ from: part.from, bytes: Buffer.from(part.bytes) }] : [],
  )
}

function sizedTraffic(): readonly Chunk[] {
  const content = `Content-Length: ${BODY.length}\r\n\r\n${BODY}`
  return numbers().flatMap((number) => [
    chunk('client', number % 2 ? `${requestHead('POST', number)}${content}` : getRequest(number)),
    chunk('server', `${responseHead(number)}${content}`),
  ])
}

function chunkedTraffic(): readonly Chunk[] {
  const half = BODY.slice(0, BODY.length / 2)
  const part = `${half.length.toString(16)}\r\n${half}\r\n`
  return numbers().flatMap((number) => [
    chunk('client', getRequest(number)),
    chunk('server', `${responseHead(number)}Transfer-Encoding: chunked\r\n\r\n${part}${part}0\r\n\r\n`),
  ])
}

function chunk(from: Side, text: string): Chunk {
  return { from, bytes: Buffer.from(text, 'latin1') }
}

function numbers(): readonly number[] {
  return Array.from({ length: EXCHANGES }, (_, number) => number)
}

function getRequest(number: number): string {
  return `${requestHead('GET', number)}\r\n`
}

function requestHead(method: string, number: number): string {
  return [
    `${method} /items/${number}?page=${number % 7} HTTP/1.1\r\nHost: example.test\r\n`,
    'Connection: keep-alive\r\n',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\n',
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.7\r\n',
    `Cookie: session=4f9c${number}a7b2e1d04b; theme=dark\r\n`,
  ].join('')
}

function responseHead(number: number): string {
  return [
    'HTTP/1.1 200 OK\r\nServer: nginx/1.27.1\r\nDate: Sat, 01 Nov 2025 10:00:00 GMT\r\n',
    'Content-Type: application/octet-stream\r\nConnection: keep-alive\r\nCache-Control: no-cache\r\n',
    `ETag: "${number}-400"\r\nVary: Accept-Encoding\r\n`,
  ].join('')
}

process.exitCode = await main()
