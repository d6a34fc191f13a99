import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { setTimeout as passed } from 'node:timers/promises'
import { listen } from '../../support/origin.ts'
import type { Certificate } from '../../support/programs.ts'

export interface TimedOrigin {
  readonly plain: string
  readonly tls: string
  readonly ports: { readonly plain: number; readonly tls: number }
  close(): void
}

/**
 * A web server in this process, by HTTP/1.1 and, over TLS, by HTTP/2 too: `/delay/MS` answers after that
 * time, `/status/N` with that status, anything else at once.
 */
export async function startTimedOrigin(certificate: Certificate): Promise<TimedOrigin> {
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
    ports,
    close: () => {
      for (const server of [plain, tls]) server.close()
    },
  }
}

type Asked = IncomingMessage | Http2ServerRequest

async function answer(asked: Asked, response: ServerResponse | Http2ServerResponse): Promise<void> {
  asked.resume()
  const [, kind, argument] = (asked.url ?? '').split('/')
  if (kind === 'delay') await passed(Number(argument))
  const body = '{"answer": 42}'
  response.statusCode = kind === 'status' ? Number(argument) : 200
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', body.length)
  response.end(body)
}
