import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { Log } from '../base/index.ts'
import { CONTENT_TYPES, chooseFormat, exposition, type Format } from './exposition.ts'
import type { Family } from './family.ts'
import { type ListenAddress, listenAddressText } from './listen-address.ts'
import type { Metrics } from './open-metrics.ts'

const CONNECTIONS_MAX = 64
/** Metrics that are written at the same time. */
const READERS_MAX = 4
const HEADER_BYTES_MAX = 16 << 10
const REQUEST_MS_MAX = 10_000
const KEEP_ALIVE_MS = 65_000
/** A reader takes the metrics in so long, or not at all. */
const WRITE_MS_MAX = 30_000
/** A port may be taken by an agent that is about to end. */
const LISTEN_AGAIN_MS = 5_000

export interface StatusServerOptions {
  readonly listen: ListenAddress
  readonly metrics: Pick<Metrics, 'product' | 'system'>
  readonly isReady: () => boolean
  readonly log: Log
  readonly listenAgainMs?: number
  readonly writeMsMax?: number
}

export interface StatusServer {
  readonly stats: Readonly<{ requests: number; requestsRefused: number }>
  /** Fulfilled with the port once it listens. */
  readonly listening: Promise<number>
  close(): Promise<void>
}

/**
 * Says over HTTP whether the agent lives and is ready, and tells its metrics. Where it cannot listen it says
 * so once and tries again: what the agent is there for does not depend on it.
 */
export function openStatusServer(options: StatusServerOptions): StatusServer {
  const { listen, log, listenAgainMs = LISTEN_AGAIN_MS } = options
  const stats = { requests: 0, requestsRefused: 0 }
  const { promise: listening, resolve: onListening } = Promise.withResolvers<number>()
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: REQUEST_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: REQUEST_MS_MAX / 2,
    },
    answerWith(options, stats),
  )
  server.maxConnections = CONNECTIONS_MAX
  let isClosed = false
  let wasTold = false
  let timer: NodeJS.Timeout | undefined
  server.on('error', onError)
  server.on('listening', () => {
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : listen.port
    log.info('status server listening', { address: listenAddressText({ ...listen, port }) })
    onListening(port)
  })
  start()
  return { stats, listening, close }

  function start(): void {
    server.listen({ port: listen.port, ...(listen.host === undefined ? {} : { host: listen.host }) })
  }

  function onError(error: NodeJS.ErrnoException): void {
    const fields = { address: listenAddressText(listen), error: error.code ?? error.name }
    if (!wasTold) log.warn('status server cannot listen there, and tries again', fields)
    wasTold = true
    if (!isClosed && !server.listening) timer = setTimeout(start, listenAgainMs).unref()
  }

  function close(): Promise<void> {
    isClosed = true
    clearTimeout(timer)
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
}

interface Answering extends StatusServerOptions {
  readonly stats: { requests: number; requestsRefused: number }
  readers: number
}

function answerWith(options: StatusServerOptions, stats: Answering['stats']) {
  const answering: Answering = { ...options, stats, readers: 0 }
  return (request: IncomingMessage, response: ServerResponse): void => {
    stats.requests += 1
    // Nobody has a reason to send a body here, and what is not read would be taken for the next request.
    request.resume()
    response.on('error', () => {})
    answer(answering, request, response).catch((error: unknown) => {
      options.log.error('a request to the status server failed', {
        error: error instanceof Error ? error.name : typeof error,
      })
      if (!response.headersSent) return tell(response, 500, 'failed')
      response.destroy()
    })
  }
}

async function answer(
  answering: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path] = (request.url ?? '').split('?')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return tell(response, 405, 'method not allowed')
  }
  if (path === '/healthz') return tell(response, 200, 'healthy')
  if (path === '/readyz')
    return answering.isReady() ? tell(response, 200, 'ready') : tell(response, 503, 'not ready')
  const { metrics } = answering
  const format = chooseFormat(request.headers.accept)
  if (path === '/metrics') return tellMetrics(answering, request, response, format, metrics.product)
  if (path === '/system/metrics') return tellMetrics(answering, request, response, format, metrics.system)
  return tell(response, 404, 'not found')
}

function tell(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...EVERY_ANSWER })
  response.end(text)
}

const EVERY_ANSWER = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

async function tellMetrics(
  answering: Answering,
  { method }: IncomingMessage,
  response: ServerResponse,
  format: Format,
  read: () => readonly Family[] | Promise<readonly Family[]>,
): Promise<void> {
  if (answering.readers >= READERS_MAX) {
    answering.stats.requestsRefused += 1
    response.setHeader('Retry-After', '1')
    return tell(response, 503, 'too many readers')
  }
  answering.readers += 1
  const timer = setTimeout(() => response.destroy(), answering.writeMsMax ?? WRITE_MS_MAX).unref()
  try {
    const families = await read()
    response.writeHead(200, { 'Content-Type': CONTENT_TYPES[format], Vary: 'Accept', ...EVERY_ANSWER })
    if (method === 'GET') await write(response, exposition(families, format))
    response.end()
  } finally {
    clearTimeout(timer)
    answering.readers -= 1
  }
}

/** Between two pieces all else gets its turn: the ring buffer fills up meanwhile. */
async function write(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return
    if (!response.write(piece)) await drained(response)
    await setImmediate()
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    response.once('drain', done)
    response.once('close', done)

    function done(): void {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
  })
}
