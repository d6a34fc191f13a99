import fc from 'fast-check'
import type { Header } from '../../src/decoders/index.ts'
import type { Step } from './decoder-script.ts'
import {
  END_HEADERS,
  END_STREAM,
  type FieldWriter,
  frame,
  get,
  openFieldWriter,
  PADDED,
  PREFACE,
  PRIORITISED,
  SETTINGS_ACK,
  settings,
  status,
  uint32,
} from './http2-frames.ts'
import type { Traffic } from './traffic.ts'

/** One side's message of an exchange; what does not matter to its meaning is chosen too. */
interface Side {
  readonly headers: readonly Header[]
  readonly contents: readonly string[]
  readonly trailers: readonly Header[] | null
  readonly padding: number | null
  /** The header block is cut into frames of so many bytes. */
  readonly fragmentBytes: number | null
  /** Frames in front of it. */
  readonly noise: string
}

interface Turn {
  readonly request: Side
  readonly interim: boolean
  readonly status: number
  readonly response: Side
}

/** What one side sends of a message: frames that may stand apart from each other. */
type Units = readonly (() => string)[]

// Few names and values, so that many are in the table when they come again.
const NAME = fc.constantFrom('accept', 'x-a', 'x-b', 'cookie', 'authorization', 'content-type')
const VALUE = fc.constantFrom('', 'v', 'text/html', 'a=b; c=d', 'long '.repeat(60))
const HEADERS = fc.array(fc.tuple(NAME, VALUE), { maxLength: 4 })
const CONTENT = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '\0', '\x01', '\x04', '\xff'), maxLength: 60 }),
  fc.constantFrom('', '\0'.repeat(50), 'a'.repeat(400), PREFACE),
)
/**
 * Content that looks like frames is the content that tempts a decoder. Who comes into the middle of it may
 * take it for frames, and then understands again only when what it counts has passed.
 */
const TEMPTING_CONTENT = fc.oneof(
  CONTENT,
  fc.constantFrom(
    '\0\0\x04\0\0\0\0\0\x01abc',
    frame('DATA', END_STREAM, 1, 'no') + frame('PING', 0, 0, '12345678'),
  ),
)
const NOISE = fc.constantFrom(
  '',
  '',
  frame('PING', 0, 0, 'ping....'),
  frame('WINDOW_UPDATE', 0, 0, uint32(1000)),
  frame(0xbb, 0x55, 0, 'grease'),
)
const TURNS = turnsOf(CONTENT)
const TEMPTING_TURNS = turnsOf(TEMPTING_CONTENT)
const PLAIN_SIDE: Side = {
  headers: [],
  contents: [],
  trailers: null,
  padding: null,
  fragmentBytes: null,
  noise: '',
}
/** Long enough that some of them are longer than a frame that there is none of can be. */
const PLAIN_CONTENT = 'plain'.repeat(600)
const PLAIN: Turn = {
  request: { ...PLAIN_SIDE, contents: [PLAIN_CONTENT] },
  interim: false,
  status: 200,
  response: { ...PLAIN_SIDE, contents: [PLAIN_CONTENT] },
}

const CLIENT_OPENING = PREFACE + settings([2, 0], [3, 100])
const SERVER_OPENING = settings([3, 250]) + frame('WINDOW_UPDATE', 0, 0, uint32(65_535)) + SETTINGS_ACK
const INDEXED_GET = '\x82\x84\x86'
const INDEXED_OK = '\x88'
const WHOLE = END_STREAM | END_HEADERS

export const HTTP2_TRAFFIC: Traffic = {
  echo: 'etag',
  scripts: (plain, overlap) =>
    (plain > 0 ? TURNS : TEMPTING_TURNS).map((turns) => ({
      exchanges: turns.length,
      steps: stepsOf([...turns, ...Array.from({ length: plain }, () => PLAIN)], overlap),
    })),
  opening: [
    ['>', CLIENT_OPENING],
    ['<', SERVER_OPENING],
  ],
  fragments: [
    PREFACE,
    PREFACE + settings(),
    settings([1, 0], [5, 16_777_215]),
    SETTINGS_ACK,
    frame('HEADERS', WHOLE, 1, INDEXED_GET),
    frame('HEADERS', END_HEADERS, 3, INDEXED_GET),
    frame('HEADERS', 0, 5, INDEXED_GET),
    frame('CONTINUATION', 0, 5, 'x'.repeat(3000)),
    frame('CONTINUATION', END_HEADERS, 5, INDEXED_OK),
    frame('HEADERS', END_HEADERS, 1, INDEXED_OK),
    frame('HEADERS', END_HEADERS, 1, '\xbe'),
    frame('HEADERS', WHOLE, 3, '\xbe\xc0'),
    frame('HEADERS', WHOLE, 3, INDEXED_OK),
    frame('HEADERS', WHOLE, 7, '\xff\xff\xff\xff\xff'),
    frame('DATA', 0, 1, 'abc'),
    frame('DATA', END_STREAM | PADDED, 3, '\x02abc\0\0'),
    frame('DATA', PADDED, 3, '\xff'),
    frame('DATA', 0, 1, 'x'.repeat(900)).slice(0, 500),
    frame('PUSH_PROMISE', END_HEADERS, 1, uint32(2) + INDEXED_GET),
    frame('HEADERS', WHOLE, 2, INDEXED_OK),
    frame('RST_STREAM', 0, 1, uint32(8)),
    frame('GOAWAY', 0, 0, uint32(1) + uint32(0)),
    frame('GOAWAY', 0, 0, uint32(1) + uint32(0)).slice(0, 12),
    frame('PING', 0, 0, '12345678'),
    frame('PING', 0, 0, '123'),
    frame('WINDOW_UPDATE', 0, 3, uint32(1)),
    '\0\0',
    '\0',
    'x',
    'x'.repeat(5000),
  ],
}

function turnsOf(content: fc.Arbitrary<string>): fc.Arbitrary<Turn[]> {
  const side = fc.record({
    headers: HEADERS,
    contents: fc.array(content, { maxLength: 3 }),
    trailers: fc.option(HEADERS),
    padding: fc.option(fc.nat(20)),
    fragmentBytes: fc.option(fc.integer({ min: 1, max: 30 })),
    noise: NOISE,
  })
  const turn = fc.record({
    request: side,
    interim: fc.boolean(),
    status: fc.constantFrom(200, 204, 301, 404, 503),
    response: side,
  })
  return fc.array(turn, { minLength: 1, maxLength: 6 })
}

/** Where exchanges overlap, their responses take turns frame by frame. */
function stepsOf(turns: readonly Turn[], overlap: boolean): Step[] {
  const client = openFieldWriter()
  const server = openFieldWriter()
  const steps: Step[] = []
  let clientOpening = CLIENT_OPENING
  let serverOpening = SERVER_OPENING
  const ask = (turn: Turn, index: number) => {
    steps.push(['>', clientOpening + sent(requestUnits(client, turn, index))])
    clientOpening = ''
  }
  const answer = (units: Units) => {
    steps.push(['<', serverOpening + sent(units)])
    if (serverOpening !== '') clientOpening = SETTINGS_ACK
    serverOpening = ''
  }
  if (!overlap) {
    turns.forEach((turn, index) => {
      ask(turn, index)
      answer(responseUnits(server, turn, index))
    })
    return steps
  }
  turns.forEach(ask)
  const waiting = turns.map((turn, index) => [...responseUnits(server, turn, index)])
  while (waiting.some((units) => units.length > 0)) answer(waiting.flatMap((units) => units.splice(0, 1)))
  return steps
}

function sent(units: Units): string {
  return units.map((unit) => unit()).join('')
}

function requestUnits(writer: FieldWriter, { request }: Turn, index: number): Units {
  return sideUnits(writer, index, get(`/${index}`, ...request.headers), request)
}

function responseUnits(writer: FieldWriter, turn: Turn, index: number): Units {
  const fields = status(turn.status, ['etag', String(index)], ...turn.response.headers)
  const units = sideUnits(writer, index, fields, turn.response)
  const hints = () =>
    frame('HEADERS', END_HEADERS, streamIdOf(index), writer.block(status(103, ['link', '<a>'])))
  return turn.interim ? [hints, ...units] : units
}

/** Header blocks are encoded when they are sent, because each changes the table for the next one. */
function sideUnits(writer: FieldWriter, index: number, fields: readonly Header[], side: Side): Units {
  const { contents, trailers, noise } = side
  const streamId = streamIdOf(index)
  const endsAt = trailers === null ? contents.length : -1
  return [
    () => noise + fieldFrames(writer.block(fields), streamId, endsAt === 0, side),
    ...contents.map((content, at) => () => contentFrame(content, streamId, at + 1 === endsAt, side)),
    ...(trailers === null ? [] : [() => fieldFrames(writer.block(trailers), streamId, true, side)]),
  ]
}

function fieldFrames(
  block: string,
  streamId: number,
  ends: boolean,
  { padding, fragmentBytes }: Side,
): string {
  const first = block.slice(0, fragmentBytes ?? block.length)
  const rest = block.slice(first.length)
  const flags = (ends ? END_STREAM : 0) | (rest === '' ? END_HEADERS : 0)
  const frames = [
    padding === null
      ? frame('HEADERS', flags, streamId, first)
      : frame('HEADERS', flags | PADDED | PRIORITISED, streamId, padded(`\0\0\0\0\x0f${first}`, padding)),
  ]
  const step = fragmentBytes ?? block.length
  for (let at = 0; at < rest.length; at += step) {
    const isLast = at + step >= rest.length
    frames.push(frame('CONTINUATION', isLast ? END_HEADERS : 0, streamId, rest.slice(at, at + step)))
  }
  return frames.join('')
}

function contentFrame(content: string, streamId: number, ends: boolean, { padding }: Side): string {
  const flags = ends ? END_STREAM : 0
  if (padding === null) return frame('DATA', flags, streamId, content)
  return frame('DATA', flags | PADDED, streamId, padded(content, padding))
}

function padded(payload: string, padding: number): string {
  return String.fromCharCode(padding) + payload + '\0'.repeat(padding)
}

function streamIdOf(index: number): number {
  return index * 2 + 1
}
