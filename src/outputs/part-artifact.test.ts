import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sampleBody, sampleExchange } from '../../test/support/sample-exchange.ts'
import { createArtifact, releaseArtifact } from './artifact.ts'
import { createCanonicalNames } from './headers.ts'
import { type ArtifactPart, createPartArtifact } from './part-artifact.ts'
import { NO_TAG_RULES } from './tags.ts'

const AT_MS = Date.UTC(2026, 0, 2)

function partOf(part: ArtifactPart, exchange = sampleExchange()) {
  return createPartArtifact(exchange, part, NO_TAG_RULES, AT_MS, createCanonicalNames())
}

const textIn = (part: ArtifactPart, exchange = sampleExchange()) =>
  new TextDecoder().decode(partOf(part, exchange)?.data)

test('a part carries what its record will need', () => {
  const artifact = partOf('res-body') ?? expect.fail('no artifact')
  expect(artifact).toMatchObject({
    kind: 'artifact',
    type: 'res-body',
    contentType: 'application/json',
    digest: createHash('sha1').update('{"items":[]}').digest('hex'),
    summary: { response_status: 200 },
    tags: expect.arrayContaining(['bin:curl']),
    endpointId: 'api.example.com',
    requestId: 'd654d8g7p3qnd27vfhb0',
    objectStore: undefined,
    atMs: AT_MS,
  })
})

test('headers are the first value of each name, by names in canonical case', () => {
  const headers = [
    ['Set-Cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['__proto__', 'x'],
  ] as const
  expect(textIn('res-headers', sampleExchange({ response: { headers } }))).toBe(
    '{":status":"200","Set-Cookie":"a=1","__proto__":"x"}',
  )
})

test.each(['req-body', 'res-headers', 'res-body'] as const)('%s is left out where there is none', (part) => {
  expect(partOf(part, sampleExchange({ exchange: { response: undefined } }))).toBeUndefined()
})

test.each([
  [[['content-type', 'image/png']], [], 'image/png'],
  [[['content-type', 'text/html; charset=utf-8']], [], 'text/html; charset=utf-8'],
  [[], [], 'text/plain'],
  [[['content-type', 'a\r\nx: y/z']], [], 'text/plain'],
  [[['content-type', 'text/plain\nx']], [], 'text/plain'],
  [[['content-type', 'text/ünlaut']], [], 'text/plain'],
  [[['content-type', 'image/png']], ['zstd'], 'application/octet-stream'],
] as const)('a body with headers %j and codings left %j is of the type %s', (headers, codingsLeft, type) => {
  const response = { headers, body: sampleBody('x', { codingsLeft }) }
  expect(partOf('res-body', sampleExchange({ response }))?.contentType).toBe(type)
})

test('a store that has taken a body leaves it to the exchange; a whole object is its own', () => {
  const bytes = new Uint8Array(1 << 20).fill(0x61)
  const exchange = sampleExchange({ response: { body: sampleBody(bytes) } })
  const part = createPartArtifact(exchange, 'res-body', NO_TAG_RULES, 0, createCanonicalNames())
  if (part !== undefined) releaseArtifact(part)
  expect(exchange.response?.body.bytes.length).toBe(1 << 20)
  const settings = { level: 'full', format: 'json', objectStore: undefined, tags: NO_TAG_RULES } as const
  const whole = createArtifact(exchange, settings, 0, createCanonicalNames())
  expect(whole.data.length).toBeGreaterThan(1 << 20)
  releaseArtifact(whole)
  expect(whole.data.length).toBe(0)
  expect(exchange.response?.body.bytes.length).toBe(1 << 20)
})
