import { join } from 'node:path'
import type { Headers } from './captured.ts'
import { joinedFields } from './http2-origin.ts'
import { type Certificate, connectable, freePort, pathOf, type Workshop } from './programs.ts'

export const NGHTTPD = pathOf('nghttpd')
export const NGHTTPX = pathOf('nghttpx')

/** Streams that `nghttpd` lets a client have open at once. */
export const NGHTTPD_STREAMS_MAX = 1_000

export interface Nghttpd {
  readonly plain: string
  readonly tls: string
}

/** `nghttpd` with the files of a folder, once in clear text and once with TLS. */
export async function startNghttpd(
  workshop: Workshop,
  certificate: Certificate,
  folder: string,
  options: readonly string[] = [],
): Promise<Nghttpd> {
  const ports = { plain: await freePort(), tls: await freePort() }
  const always = ['-a', '127.0.0.1', '-d', folder, '-m', `${NGHTTPD_STREAMS_MAX}`, ...options]
  const { keyFile, certificateFile } = certificate
  workshop.start(NGHTTPD, [...always, '--no-tls', `${ports.plain}`], { stdio: 'inherit' })
  workshop.start(NGHTTPD, [...always, `${ports.tls}`, keyFile, certificateFile], { stdio: 'inherit' })
  await Promise.all([connectable(ports.plain), connectable(ports.tls)])
  return { plain: `http://localhost:${ports.plain}`, tls: `https://localhost:${ports.tls}` }
}

/** `nghttpx` in clear text, which goes over from HTTP/1.1 to HTTP/2 when asked; gives its address. */
export async function startNghttpx(workshop: Workshop, originPort: number): Promise<string> {
  const port = await freePort()
  const configFile = join(workshop.folder, 'nghttpx.conf')
  const addresses = [`-f127.0.0.1,${port};no-tls`, `-b127.0.0.1,${originPort}`]
  // One process, and no configuration of the host's.
  const options = ['--single-process', '--workers=1', `--conf=${configFile}`, '--errorlog-file=/dev/stderr']
  workshop.start(NGHTTPX, [...addresses, ...options, '--accesslog-file=/dev/null'], { stdio: 'ignore' })
  await connectable(port)
  return `http://localhost:${port}`
}

/** What `nghttp -v` says of one stream; bytes are those of whole frames that hold fields or content. */
export interface ToldStream {
  readonly request: Headers
  readonly path: string
  readonly response: Headers
  readonly status: number
  readonly requestTrailers: Headers
  readonly responseTrailers: Headers
  readonly sentBytes: number
  readonly receivedBytes: number
}

interface Telling {
  readonly sections: Record<'send' | 'recv', string[][]>
  readonly bytes: Record<'send' | 'recv', number>
}

const FRAME_HEADER_BYTES = 9
const FRAME = /^\[[ .\d]+\] (send|recv) (HEADERS|DATA|PUSH_PROMISE) frame <length=(\d+),.*stream_id=(\d+)>$/
const RECEIVED = /^\[[ .\d]+\] recv \(stream_id=\d+\) (:?[^:]+): (.*)$/
const SENT = /^ {10}(:?[\w-]+): (.*)$/
const PROMISED = /promised_stream_id=(\d+)/

/** Understands what `nghttp -v -n` writes. Fields that came stand before their frame, sent ones behind it. */
export function readNghttp(output: string): readonly ToldStream[] {
  const streams = new Map<number, Telling>()
  let came: string[] = []
  let sent: string[] | undefined
  let promise = 0
  for (const line of output.split('\n')) {
    const frame = FRAME.exec(line)
    const received = RECEIVED.exec(line)
    const field = SENT.exec(line)
    const promised = PROMISED.exec(line)
    if (received !== null) came.push(received[1] ?? '', received[2] ?? '')
    else if (field !== null) sent?.push(field[1] ?? '', field[2] ?? '')
    else if (promised !== null && promise > 0) {
      // The request that the server makes itself.
      const told = tellingOf(streams, Number(promised[1]))
      told.sections.send.push(came)
      told.bytes.send += promise
      came = []
      promise = 0
    } else if (frame !== null) {
      const [, way, type, length, streamId] = frame
      const bytes = FRAME_HEADER_BYTES + Number(length)
      const from = way === 'send' ? 'send' : 'recv'
      sent = undefined
      if (type === 'PUSH_PROMISE') {
        promise = bytes
        continue
      }
      const told = tellingOf(streams, Number(streamId))
      told.bytes[from] += bytes
      if (type === 'DATA') continue
      const fields = from === 'recv' ? came : []
      told.sections[from].push(fields)
      if (from === 'recv') came = []
      else sent = fields
    } else if (line.startsWith('[')) sent = undefined
  }
  return [...streams.values()].map(describe)
}

function tellingOf(streams: Map<number, Telling>, id: number): Telling {
  const before = streams.get(id)
  if (before !== undefined) return before
  const telling = { sections: { send: [], recv: [] }, bytes: { send: 0, recv: 0 } }
  streams.set(id, telling)
  return telling
}

function describe({ sections, bytes }: Telling): ToldStream {
  const [request = [], requestTrailers = []] = sections.send
  const [response = [], responseTrailers = []] = sections.recv
  return {
    request: joinedFields(request),
    path: fieldOf(request, ':path'),
    response: joinedFields(response),
    status: Number(fieldOf(response, ':status')),
    requestTrailers: joinedFields(requestTrailers),
    responseTrailers: joinedFields(responseTrailers),
    sentBytes: bytes.send,
    receivedBytes: bytes.recv,
  }
}

function fieldOf(raw: readonly string[], name: string): string {
  const at = raw.indexOf(name)
  return at === -1 ? '' : (raw[at + 1] ?? '')
}
