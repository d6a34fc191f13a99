import fc from 'fast-check'
import type { Step } from './decoder-script.ts'

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
export const PROBE: Turn = {
  request: 'GET /0 HTTP/1.1\r\nHost: probe\r\n\r\n',
  response: 'HTTP/1.1 200 OK\r\nEcho: 0\r\nContent-Length: 2\r\n\r\nok',
}

function chunked([contents, extension, trailers]: readonly [string[], string, string]): string {
  const chunks = contents
    .filter((content) => content !== '')
    .map((content) => `${content.length.toString(16)}${extension}\r\n${content}\r\n`)
  return `Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0${extension}\r\n${trailers}\r\n`
}

export function renumbered(turns: readonly Turn[]): Turn[] {
  return turns.map(renumber)
}

export function renumber({ request, response }: Turn, index: number): Turn {
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

export function pieces(step: Step, sizes: Iterator<number>): Step[] {
  const [kind, text] = step
  if ((kind !== '>' && kind !== '<') || typeof text !== 'string') return [step]
  const cut: Step[] = []
  for (let at = 0; at < text.length; ) {
    const size = sizes.next().value ?? 1
    cut.push([kind, text.slice(at, at + size)])
    at += size
  }
  return cut
}

/** Takes `length` bytes out of one direction, from a place counted modulo its length. */
export function withHole(
  steps: readonly Step[],
  kind: '>' | '<',
  place: number,
  length: number,
  knowsLength: boolean,
): Step[] {
  const total = steps.reduce((sum, step) => sum + (step[0] === kind ? step[1].length : 0), 0)
  const begin = place % total
  const end = Math.min(total, begin + length)
  const holed: Step[] = []
  let at = 0
  for (const step of steps) {
    if (step[0] !== kind) {
      holed.push(step)
      continue
    }
    const text = step[1]
    const from = Math.max(begin - at, 0)
    const to = Math.min(end - at, text.length)
    at += text.length
    if (from >= to) {
      holed.push(step)
      continue
    }
    if (from > 0) holed.push([kind, text.slice(0, from)])
    holed.push([`${kind}?`, knowsLength ? to - from : undefined])
    if (to < text.length) holed.push([kind, text.slice(to)])
  }
  return holed
}

/** A hole is noticed by the position of the next bytes in its direction, which may come much later. */
export function noticedLate(steps: readonly Step[]): Step[] {
  const moved: Step[] = []
  let holes: Step[] = []
  for (const step of steps) {
    if (step[0] === '>?' || step[0] === '<?') {
      holes.push(step)
      continue
    }
    if (holes.some(([kind]) => kind === `${step[0]}?`)) {
      moved.push(...holes)
      holes = []
    }
    moved.push(step)
  }
  return [...moved, ...holes]
}
