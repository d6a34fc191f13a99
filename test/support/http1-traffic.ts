import fc from 'fast-check'
import type { Step } from './decoder-script.ts'
import type { Traffic } from './traffic.ts'

export { pieces } from './traffic.ts'

/**
 * One exchange of generated traffic: its number stands in the request's path and in the response's `Echo`.
 */
export interface Turn {
  readonly request: string
  readonly response: string
}

const TOKEN = fc.stringMatching(/^[a-zA-Z-]{1,12}$/)
const VALUE = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/)
const LENGTHS = /^(content-length|transfer-encoding|expect|echo|upgrade|connection)$/i
const FIELDS = fc.array(fc.tuple(TOKEN, VALUE), { maxLength: 4 }).map((fields) =>
  fields
    .filter(([name]) => !LENGTHS.test(name))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join(''),
)
// Content that looks like framing is the content that tempts a decoder.
const CONTENT = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', ' ', ':'), maxLength: 40 }),
  fc.constantFrom('', '0\r\n\r\n', 'HTTP/1.1 200', '\xff'.repeat(300), 'a=b'),
)
const EXTENSION = fc.constantFrom('', ';a=b', ' ; c="d"')
const FRAMED = fc.oneof(
  CONTENT.map((content) => `Content-Length: ${content.length}\r\n\r\n${content}`),
  fc.tuple(fc.array(CONTENT, { maxLength: 3 }), EXTENSION, fc.constantFrom('', 'T: 1\r\n')).map(chunked),
)
const STATUS = fc.constantFrom('200 OK', '404 Not Found', '500', '299 a b')
const INTERIM = fc.constantFrom(
  '',
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n',
)
const METHOD = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'M-SEARCH')
const TURN_PARTS = fc.record({
  method: METHOD,
  fields: FIELDS,
  requestContent: fc.option(FRAMED),
  interim: INTERIM,
  status: STATUS,
  responseFields: FIELDS,
  responseContent: FRAMED,
})
export const TURNS = fc.array(TURN_PARTS, { minLength: 1, maxLength: 6 }).map((parts) =>
  parts.map(
    (part, index): Turn => ({
      request: `${part.method} /${index} HTTP/1.1\r\n${part.fields}${part.requestContent ?? '\r\n'}`,
      response: [
        `${part.interim}HTTP/1.1 ${part.status}\r\nEcho: ${index}\r\n`,
        `${part.responseFields}${part.responseContent}`,
      ].join(''),
    }),
  ),
)
const PROBE: Turn = {
  request: 'GET /0 HTTP/1.1\r\nHost: probe\r\n\r\n',
  response: 'HTTP/1.1 200 OK\r\nEcho: 0\r\nContent-Length: 2\r\n\r\nok',
}

function chunked([contents, extension, trailers]: readonly [string[], string, string]): string {
  const chunks = contents
    .filter((content) => content !== '')
    .map((content) => `${content.length.toString(16)}${extension}\r\n${content}\r\n`)
  return `Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0${extension}\r\n${trailers}\r\n`
}

function renumber({ request, response }: Turn, index: number): Turn {
  return {
    request: request.replace(/ \/\d+ /, ` /${index} `),
    response: response.replace(/Echo: \d+/, `Echo: ${index}`),
  }
}

/** A client that pipelines sends everything before the first response. */
export function stepsOf(turns: readonly Turn[], pipelines: boolean): Step[] {
  const requests = turns.map(({ request }): Step => ['>', request])
  const responses = turns.map(({ response }): Step => ['<', response])
  if (pipelines) return [...requests, ...responses]
  return turns.flatMap(({ request, response }): Step[] => [
    ['>', request],
    ['<', response],
  ])
}

export const HTTP1_TRAFFIC: Traffic = {
  echo: 'Echo',
  scripts: (plain, overlap) =>
    TURNS.map((turns) => ({
      exchanges: turns.length,
      steps: stepsOf([...turns, ...Array.from({ length: plain }, () => PROBE)].map(renumber), overlap),
    })),
  opening: [],
  fragments: [
    'GET / HTTP/1.1\r\n\r\n',
    'HEAD /',
    ' HTTP/1.1\r\n',
    'CONNECT a:1 HTTP/1.1\r\n\r\n',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'POST / HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n',
    'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 204\n\n',
    'Transfer-Encoding: chunked\r\n\r\n',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    'ffffffffffffffffffff\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
    'H',
    'abc',
    'x'.repeat(5000),
  ],
}
