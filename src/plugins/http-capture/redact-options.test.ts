import { expect, test } from 'vitest'
import { explainIssues } from '../../base/issues.ts'
import { NOTHING_REDACTED, openRedaction } from '../../outputs/index.ts'
import { HttpRedactOptions } from './redact-options.ts'

function mistakes(config: object): readonly string[] {
  const read = HttpRedactOptions.safeParse(config)
  return explainIssues(read.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('nothing is redacted unless it is asked for', () => {
  expect(HttpRedactOptions.parse({})).toEqual(NOTHING_REDACTED)
})

test('what is read can be opened', () => {
  const options = HttpRedactOptions.parse({
    headers: ['X-Key', 'x-*'],
    query: ['token'],
    json_paths: ['$.a.b', '$..token', '$.items[*].key', "$['x-y']", '$..["a\\"b"]', '$.a[0].*', '$.größe'],
    patterns: ['(?i)ticket=(?P<id>[0-9a-f]+)', '\\d{16}', '^a|b$'],
    credentials: true,
    key: 'a key of 16 bytes',
  })
  expect(options.jsonPaths.length).toBe(7)
  expect(() => openRedaction(options)).not.toThrow()
})

test.each<[config: object, message: string]>([
  [{ json_paths: ['a.b'] }, 'json_paths.0: JSON path must begin with $'],
  [{ json_paths: ['$'] }, 'json_paths.0: JSON path names the whole document'],
  [{ json_paths: ['$.a', '$.a.'] }, 'json_paths.1: JSON path ends where a name is missing'],
  [{ json_paths: ['$.a[?(@.b)]'] }, 'json_paths.0: JSON path is not understood from "[?(@.b)]" on'],
  [{ json_paths: ['$.a[1:2]'] }, 'json_paths.0: JSON path is not understood from "[1:2]" on'],
  [{ patterns: ['a(b'] }, 'patterns.0: regular expression: missing closing )'],
  [{ patterns: ['(a)\\1'] }, 'patterns.0: regular expression: '],
  [{ patterns: ['a*'] }, 'patterns.0: regular expression: matches the empty text'],
  [{ patterns: [''] }, 'patterns.0: expected a regular expression'],
  [{ headers: [''] }, 'headers.0: expected a name'],
  [{ key: 'short' }, 'key: shorter than 16 characters'],
  [{ key: 'a key of 16 bytes', replacement: '*' }, 'replacement: has no effect beside a key'],
  [{ query: Array.from({ length: 300 }, () => 'a') }, 'query: more than 256 entries'],
])('%j is a mistake', (config, message) => {
  expect(mistakes(config)).toEqual([expect.stringContaining(message)])
})
