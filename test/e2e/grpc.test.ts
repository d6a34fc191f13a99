import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Captured } from '../support/captured.ts'
import { type GrpcServer, startGrpcServer } from '../support/grpc-server.ts'
import { SERVICE } from '../support/grpc-service.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const NODE = pathOf(process.execPath)
const GO = pathOf(new URL('../../build/go-grpc', import.meta.url).pathname)
const CLIENT = join(import.meta.dirname, 'programs', 'grpc-client.js')
const LARGE_BYTES = 1 << 20
const MANY = 50
const PEAK_BYTES_MAX = 200 << 20

/** How a call ended, as its client says. */
interface Told {
  readonly code: number
  readonly details: string
  readonly end: string
  /** Lengths of the messages that were answered. */
  readonly messages: readonly number[]
}

interface Pair {
  readonly exe: string
  readonly contentType: string
  readonly scheme: 'http' | 'https'
  /** Of answers to compressed requests. */
  readonly encoding: string
  readonly run: (name: string) => Promise<Omit<Ran, 'pair'>>
}

interface Ran {
  readonly pair: Pair
  /** The server's. */
  readonly address: string
  readonly told: Readonly<Record<string, Told>>
}

let workshop: Workshop
let certificate: Certificate
let server: GrpcServer
let goPort: string
let agent: WatchingAgent
const runs = new Map<string, Promise<Ran>>()
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  server = await startGrpcServer(certificate)
  agent = await startWatching(workshop)
  const go = workshop.start(GO, ['serve'], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (go.stdout === null) throw new Error('started without a pipe')
  const [line]: string[] = await once(createInterface({ input: go.stdout }), 'line')
  goPort = line ?? ''
})
afterAll(async () => {
  server.close()
  await workshop.close()
})

const PAIRS: readonly (readonly [name: string, pair: Pair])[] = [
  ['js-plain', grpcJs('plain')],
  ['js-tls', grpcJs('tls')],
  [
    'go-plain',
    {
      exe: GO,
      contentType: 'application/grpc+raw',
      scheme: 'http',
      encoding: 'gzip',
      run: async (name) => {
        const address = `localhost:${goPort}`
        const { stdout } = await workshop.run(GO, ['call', address, name])
        return { address, told: JSON.parse(stdout.toString()) }
      },
    },
  ],
]

describe.each(PAIRS)('%s: calls that are answered', (run, pair) => {
  let ran: Ran
  beforeAll(async () => {
    ran = await runOnce(run, pair)
  })

  test.each([
    ['Echo', ['Grüße'], ['Grüße']],
    ['Echo-large', [filled('large ')], [filled('large ')]],
    ['Echo-gzip', [filled('smaller ')], [filled('smaller ')]],
    ['Count', ['5'], ['5', '4', '3', '2', '1']],
    ['Sum', ['a', 'bb', ''], ['3']],
    ['Chat', ['one', 'two', 'three', 'four'], ['one', 'two', 'three', 'four']],
  ] as const)('%s: both ends have its messages, metadata and status', async (name, asked, answered) => {
    expect(ran.told[name]).toEqual({
      code: 0,
      details: expect.any(String),
      end: 'over',
      messages: answered.map((text) => Buffer.byteLength(text)),
    })
    for (const captured of await bothEnds(run, name)) {
      // grpc-js says `OK` in words too.
      expectCall(captured, ran, name, { code: '0', word: 'OK', http: 200, message: ran.told[name]?.details })
      expect(captured.completeness).toBe('complete')
      expect(messagesOf(captured, 'request')).toEqual(asked)
      expect(messagesOf(captured, 'response')).toEqual(answered)
      expect(captured.responseTrailers).toMatchObject({ 'x-end': 'over', 'grpc-status': '0' })
      expect(captured.call?.request.message_count).toBe(asked.length)
      expect(captured.call?.response.message_count).toBe(answered.length)
    }
  })

  test('compressed messages are counted, and kept as they passed', async () => {
    for (const captured of await bothEnds(run, 'Echo-gzip')) {
      expect(captured.requestHeaders['grpc-encoding']).toBe('gzip')
      expect(captured.responseHeaders['grpc-encoding']).toBe(pair.encoding)
      expect(captured.request.bytes[0]).toBe(1)
      expect(captured.request.bytes.length).toBeLessThan(LARGE_BYTES / 100)
    }
  })

  test('many at once on one connection are told apart', async () => {
    const many = await agent.exchanges.until((one) => runOf(one).startsWith(`${run}-Echo-many`), 2 * MANY)
    expect(new Set(many.map(({ connection }) => connection)).size).toBe(2)
    for (const captured of many) {
      const text = `many ${runOf(captured).slice(`${run}-Echo-many`.length)}`
      expect(messagesOf(captured, 'request')).toEqual([text])
      expect(messagesOf(captured, 'response')).toEqual([text])
    }
  })
})

describe.each(PAIRS)('%s: calls that fail', (run, pair) => {
  let ran: Ran
  beforeAll(async () => {
    ran = await runOnce(run, pair)
  })

  test('an error has its name, its message, and the status that HTTP would have', async () => {
    const message = 'nicht gefunden: 100 % ☃'
    expect(ran.told['Fail']).toEqual({ code: 5, details: message, end: 'over', messages: [] })
    for (const captured of await bothEnds(run, 'Fail')) {
      expectCall(captured, ran, 'Fail', { code: '5', word: 'NOT_FOUND', http: 404, message })
      expect(captured.completeness).toBe('complete')
      expect(messagesOf(captured, 'request')).toEqual([message])
      expect(captured.call?.response.message_count).toBe(0)
    }
  })

  test('a call that its client takes back is cancelled at both ends', async () => {
    expect(ran.told['Wait-cancel']?.code).toBe(1)
    for (const captured of await bothEnds(run, 'Wait-cancel')) {
      expectCall(captured, ran, 'Wait-cancel', { code: '1', word: 'CANCELLED', http: 499 })
      expect(captured.responseHeaders).toMatchObject({ 'x-asked': `${run}-Wait-cancel` })
      expect(captured.call?.request.message_count).toBe(1)
      expect(captured.call?.response.message_count).toBe(0)
    }
  })

  test('a call over its deadline ends with what the server said of it, or as cancelled', async () => {
    expect(ran.told['Wait-deadline']?.code).toBe(4)
    for (const captured of await bothEnds(run, 'Wait-deadline')) {
      const said = captured.responseTrailers['grpc-status']
      const outcome =
        said === undefined
          ? { code: '1', word: 'CANCELLED', http: 499 }
          : { code: '4', word: 'DEADLINE_EXCEEDED', http: 504, message: expect.any(String) }
      expectCall(captured, ran, 'Wait-deadline', outcome)
      expect(captured.requestHeaders['grpc-timeout']).toMatch(/^\d+[numS]$/)
    }
  })
})

test('nothing was lost, nothing is missing, and memory stayed within its bound', async () => {
  const { code, counted, peakMemoryBytes } = await agent.stop()
  expect(code).toBe(0)
  expect(counted['capture']).toMatchObject({ recordsLost: 0, bytesLost: 0, readsFailed: 0 })
  expect(counted['connections']).toMatchObject({ missingBytes: 0, strayRecords: 0 })
  expect(counted['tls']).toMatchObject({ recordsFailed: 0, heldBytesDropped: 0 })
  expect(counted['exchanges']).toMatchObject({ gap: 0, joined_late: 0, messagesWithoutRequest: 0 })
  expect(peakMemoryBytes).toBeLessThan(PEAK_BYTES_MAX)
})

async function bothEnds(run: string, name: string): Promise<readonly Captured[]> {
  const ends = await agent.exchanges.until((one) => runOf(one) === `${run}-${name}`, 2)
  const [client, server] = [...ends].sort((one, other) => one.direction.localeCompare(other.direction))
  expect([client?.direction, server?.direction]).toEqual(['egress-external', 'ingress'])
  expect(client?.pid).not.toBe(server?.pid)
  if (!name.startsWith('Wait'))
    expect(client).toMatchObject({ sentBytes: server?.sentBytes, receivedBytes: server?.receivedBytes })
  return ends
}

function expectCall(captured: Captured, { pair, address }: Ran, name: string, outcome: Outcome): void {
  const { code, word, http, message } = outcome
  const method = name.split('-')[0] ?? ''
  const url = `${pair.scheme}://${address}/${SERVICE}/${method}`
  expect(captured).toMatchObject({ exe: pair.exe, method: 'POST', url, status: http })
  const said = { grpc_status: code, grpc_status_name: word, ...(message && { grpc_message: message }) }
  expect(captured.call).toMatchObject({
    service: SERVICE,
    method,
    ...said,
    request: { content_type: pair.contentType },
    response: said,
    transaction_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
  if (!message) expect(captured.call).not.toHaveProperty('grpc_message')
  expect(captured.call).not.toHaveProperty('request.message_count_at_least')
  expect(captured.call).not.toHaveProperty('response.message_count_at_least')
  expect(captured.requestHeaders).toMatchObject({ te: 'trailers', 'x-odd-bin': 'AP8K' })
}

interface Outcome {
  readonly code: string
  readonly word: string
  readonly http: number
  /** Undefined or empty: none. */
  readonly message?: string | undefined
}

function runOnce(run: string, pair: Pair): Promise<Ran> {
  const ran = runs.get(run) ?? pair.run(run).then((what) => ({ ...what, pair }))
  runs.set(run, ran)
  return ran
}

function grpcJs(way: 'plain' | 'tls'): Pair {
  return {
    exe: NODE,
    contentType: 'application/grpc',
    scheme: way === 'plain' ? 'http' : 'https',
    encoding: 'identity',
    run: async (name) => {
      const address = server[way]
      const options = way === 'tls' ? [certificate.certificateFile] : []
      const { stdout } = await workshop.run(NODE, [CLIENT, address, name, ...options])
      return { address, told: JSON.parse(stdout.toString()) }
    },
  }
}

function runOf({ requestHeaders }: Captured): string {
  return String(requestHeaders['x-run'] ?? '')
}

/** The messages of a body, compression removed. */
function messagesOf(captured: Captured, side: 'request' | 'response'): readonly string[] {
  const { bytes, truncated } = captured[side]
  expect(truncated).toBeUndefined()
  const messages: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    const content = bytes.subarray(at + 5, end)
    messages.push((bytes[at] === 1 ? gunzipSync(content) : content).toString())
    at = end
  }
  return messages
}

function filled(text: string): string {
  return Buffer.alloc(LARGE_BYTES, text).toString()
}
