import { expect, test } from 'vitest'
import { sampleBody, sampleExchange } from '../../../test/support/sample-exchange.ts'
import { NOTHING_REDACTED } from './options.ts'
import { openRedaction } from './redact.ts'

const SMALL_BYTES = 32 * 1024
const TIMES_LARGER = 8
/** Eight times the bytes may cost eight times as much, and chance some more; a square costs 64 times. */
const TIMES_SLOWER_MAX = 28
const MS_MIN = 40
const TRIES = 5

const redact = openRedaction({
  ...NOTHING_REDACTED,
  jsonPaths: ['$..a..a..a.b', '$..x'],
  query: ['*a*a*b'],
  patterns: ['<k>(.*?)</k>', '(a+)+b', 'x{1,20}y'],
  credentials: true,
})

function leastMs(unit: string, bytes: number, contentType: string, truncated: boolean): number {
  const content = Buffer.from(unit.repeat(Math.ceil(bytes / unit.length)))
  let least = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < TRIES; tries += 1) {
    const body = sampleBody(content, { truncated })
    const exchange = sampleExchange({ response: { headers: [['content-type', contentType]], body } })
    const started = process.threadCpuUsage()
    expect(redact(exchange).response?.body.bytes.length).toBeGreaterThan(0)
    const { user, system } = process.threadCpuUsage(started)
    least = Math.min(least, (user + system) / 1000)
    if (least < MS_MIN) return least
  }
  return least
}

const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'text/plain',
]
const UNITS = [
  '[',
  '{"a":',
  '{"a":[',
  '"\\"',
  '"',
  '\\"',
  '}]',
  '{"b":"{\\"c\\":',
  'a',
  'a=1;',
  '&a',
  ';a=;',
  '?a=',
  'eyJ',
  'eyJa.',
  '-----BEGIN PRIVATE KEY-----',
  '://:',
  '<k>',
  'x',
  '%26',
  'bearer ',
  '\n--b\r\n',
  '--b\r\n\r\n',
]

test.each(TYPES.flatMap((type) => UNITS.map((unit) => [type, unit] as const)))(
  'time grows with the length alone: %s of %j',
  (type, unit) => {
    for (const truncated of [false, true]) {
      const large = leastMs(unit, SMALL_BYTES * TIMES_LARGER, type, truncated)
      if (large < MS_MIN) continue
      const small = leastMs(unit, SMALL_BYTES, type, truncated)
      expect(large / small).toBeLessThan(TIMES_SLOWER_MAX)
    }
  },
)
