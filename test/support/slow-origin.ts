import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { setTimeout as passed } from 'node:timers/promises'
import { listen } from './origin.ts'
import type { Certificate } from './programs.ts'

/** How long each answer takes. Progress may be told of a second and more after it is due. */
const EVENTS_MS = 32_500
const SILENCE_MS = 13_000
const THINKING_MS = 12_000
export const EVENT_EVERY_MS = 1_000
const EVENTS = Math.ceil(EVENTS_MS / EVENT_EVERY_MS)

export const EVENT_STREAM = Array.from({ length: EVENTS }, (_, index) => eventOf(index)).join('')
export const LATE_EVENT = eventOf(0)
export const THOUGHT = '{"answer": 42}'

export interface SlowOrigin {
  readonly plain: string
  readonly tls: string
  close(): void
}

/** The event with this number; all are of one length. */
export function eventOf(number: number): string {
  return `id: ${String(number).padStart(4, '0')}\ndata: {"token": "ein Wörtchen"}\n\n`
}

/**
 * A web server in this process that takes its time, by HTTP/1.1 and, over TLS, by HTTP/2. `/events` sends
 * one event a second, `/silence` a head at once and an event much later, `/thought` nothing before its end.
 */
export async function startSlowOrigin(certificate: Certificate): Promise<SlowOrigin> {
  const key = readFileSync(certificate.keyFile)
  const cert = readFileSync(certificate.certificateFile)
  const plain = createServer((asked, response) => void answer(asked, response))
  const tls = createSecureServer(
    { key, cert, allowHTTP1: true },
    (asked, response) => void answer(asked, response),
  )
  const ports = { plain: await listen(plain), tls: await listen(tls) }
  return {
    plain: `http://localhost:${ports.plain}`,
    tls: `https://localhost:${ports.tls}`,
    close: () => {
      for (const server of [plain, tls]) server.close()
    },
  }
}

type Asked = IncomingMessage | Http2ServerRequest

async function answer(asked: Asked, response: ServerResponse | Http2ServerResponse): Promise<void> {
  asked.resume()
  await once(asked, 'end')
  const [, kind = ''] = asked.url?.split('/') ?? []
  if (kind === 'thought') {
    await passed(THINKING_MS)
    response.setHeader('content-type', 'application/json')
    response.end(THOUGHT)
    return
  }
  response.setHeader('content-type', 'text/event-stream')
  if ('flushHeaders' in response) response.flushHeaders()
  if (kind === 'silence') {
    await passed(SILENCE_MS)
    response.end(LATE_EVENT)
    return
  }
  for (let number = 0; number < EVENTS; number += 1) {
    if (number > 0) await passed(EVENT_EVERY_MS)
    if ('stream' in response) response.stream.write(eventOf(number))
    else response.write(eventOf(number))
  }
  response.end()
}
