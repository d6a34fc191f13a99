import { Buffer } from 'node:buffer'
import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http'
import { request as secureRequest, Agent as TlsAgent } from 'node:https'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { releaseBytes } from '../../base/index.ts'
import { readStatus } from '../../otlp/index.ts'
import type { Outcome } from '../delivery/parcel.ts'
import { causeOf } from './cause.ts'
import type { Endpoint } from './endpoint.ts'
import { checkedHeaders } from './request-headers.ts'
import type { OtlpSettings } from './settings.ts'
import { openTlsContext } from './tls-context.ts'
import { ANSWER_BYTES_MAX, type OtlpSurroundings, type Transport } from './transport.ts'
import { httpVerdict, retryAfterMs, takenVerdict, unansweredVerdict } from './verdicts.ts'

/** Batches that are under way at once are fewer. */
const SOCKETS_MAX = 16
/** A connection that was idle may just have been closed by the other side. */
const STALE: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])
/** Records are alike: more effort costs more than it saves. */
const EFFORT = { level: constants.Z_BEST_SPEED }

const compress = promisify(gzip)

/** OTLP/HTTP with protobuf. */
export function openHttp(
  endpoint: Endpoint,
  settings: OtlpSettings,
  { version, clock }: OtlpSurroundings,
): Transport {
  const headers: OutgoingHttpHeaders = {
    'user-agent': `qtap/${version}`,
    ...checkedHeaders(settings.headers, 'http'),
    'content-type': 'application/x-protobuf',
    ...(settings.gzip ? { 'content-encoding': 'gzip' } : {}),
  }
  const secrets = Buffer.from([...Object.values(settings.headers), endpoint.login].join('\n'))
  const agent = openAgent(endpoint, settings)
  const underWay = new Set<() => void>()
  let closed = false
  return { send, close }

  async function send(body: Uint8Array, count: number): Promise<Outcome> {
    const sent = settings.gzip ? await compress(body, EFFORT) : body
    return await new Promise((resolve) => post(sent, body, count, resolve))
  }

  function post(
    body: Uint8Array,
    plain: Uint8Array,
    count: number,
    resolve: (outcome: Outcome) => void,
  ): void {
    let asked: ClientRequest | undefined
    let answer: IncomingMessage | undefined
    let isOver = false
    const seconds = settings.timeoutMs / 1_000
    const timer = setTimeout(giveUp, settings.timeoutMs, `it does not answer within ${seconds} s`)
    underWay.add(onClose)
    if (closed) onClose()
    else ask(false)

    function ask(isSecondTime: boolean): void {
      const options = {
        agent,
        method: 'POST',
        host: endpoint.host,
        port: endpoint.port,
        path: endpoint.path,
        headers: { ...headers, 'content-length': body.length },
        ...(endpoint.login === undefined ? {} : { auth: endpoint.login }),
      }
      const request = endpoint.tls ? secureRequest(options) : plainRequest(options)
      asked = request
      request.once('response', (response) => {
        answer = response
        readAnswer(response, (bytes, isWhole) => answered(response, bytes, isWhole))
      })
      request.on('error', (error) => {
        // An answer may come before all is sent; then it counts, whatever became of the rest.
        if (answer !== undefined || isOver) return
        const isStale = request.reusedSocket && 'code' in error && STALE.has(error.code)
        if (isStale && !isSecondTime) ask(true)
        else giveUp(causeOf(error))
      })
      request.end(body)
    }

    function answered(response: IncomingMessage, bytes: Uint8Array, isWhole: boolean): void {
      const status = response.statusCode ?? 0
      const isTaken = status >= 200 && status < 300
      if (isTaken && !isWhole) giveUp('the connection was closed within its answer')
      else settle(verdictOf(response, status, isTaken, bytes))
    }

    function verdictOf(
      { headers: fields }: IncomingMessage,
      status: number,
      isTaken: boolean,
      bytes: Uint8Array,
    ): Outcome {
      const from = { endpoint: endpoint.name, sent: [plain, secrets] }
      const type = fields['content-type'] ?? ''
      const message =
        type.includes('protobuf') && fields['content-encoding'] === undefined ? bytes : undefined
      if (isTaken) return takenVerdict(from, message ?? new Uint8Array(), count)
      const said = message === undefined ? undefined : readStatus(message)
      const text =
        said?.message ?? (/^text\/plain|json/.test(type) ? Buffer.from(bytes).toString('utf8') : '')
      const retryMs = retryAfterMs(fields['retry-after'], clock.nowMs()) ?? said?.retryMs
      return httpVerdict({ ...from, text }, status, retryMs)
    }

    function onClose(): void {
      giveUp('the agent ends')
    }

    function giveUp(cause: string): void {
      settle(unansweredVerdict(endpoint.name, cause))
    }

    function settle(outcome: Outcome): void {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      underWay.delete(onClose)
      // A connection is kept only where the whole answer came after the whole request.
      const isDone = answer?.complete === true && asked?.writableFinished === true
      if (!isDone) asked?.destroy()
      resolve(outcome)
      // Otherwise the system may still be reading it.
      if (isDone) for (const bytes of new Set([body, plain])) releaseBytes(bytes)
    }
  }

  function close(): void {
    closed = true
    for (const stop of underWay) stop()
    agent.destroy()
  }
}

function openAgent({ tls }: Endpoint, settings: OtlpSettings): PlainAgent {
  const options = { keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: 'lifo' } as const
  if (!tls) return new PlainAgent(options)
  return new TlsAgent({
    ...options,
    secureContext: openTlsContext(settings.tls),
    rejectUnauthorized: !settings.tls.insecureSkipVerify,
  })
}

/** Says once what came, and whether that is all or as much as is read. */
function readAnswer(response: IncomingMessage, done: (bytes: Uint8Array, isWhole: boolean) => void): void {
  const parts: Uint8Array[] = []
  let left = ANSWER_BYTES_MAX
  response.on('data', (part: Buffer) => {
    if (left <= 0) return
    parts.push(part.subarray(0, left))
    left -= part.length
    if (left <= 0) say(true)
  })
  response.once('end', () => say(true))
  response.on('error', () => say(false))

  function say(isWhole: boolean): void {
    left = 0
    done(Buffer.concat(parts.splice(0)), isWhole)
  }
}
