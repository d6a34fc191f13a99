import { z } from 'zod'
import { Direction, ExchangeEvent, HttpRequestParts, Time } from './event-parts.ts'

export const RequestDocument = z.object({
  ...ExchangeEvent.shape,
  timestamp: Time.describe('When the exchange ended.'),
  direction: Direction,
  ...HttpRequestParts.shape,
  duration: z
    .int()
    .optional()
    .describe(
      'Milliseconds from the head of the request to the head of the response, at least 1. Absent when no ' +
        'response was seen.',
    ),
  contentType: z.string().optional().describe('`Content-Type` of the response. Absent when it has none.'),
  category: z
    .enum(['app', 'css', 'js', 'font', 'image', 'media', 'other'])
    .describe('Kind of `contentType`: `app` is what pages and interfaces are made of.'),
  agent: z.string().optional().describe('`User-Agent` of the request. Absent when it has none.'),
  bytesSent: z.int().describe('Bytes of the request, without TLS.'),
  bytesReceived: z.int().describe('Bytes of the response, without TLS.'),
  authTokenMask: z
    .string()
    .describe('The credential of the request with its middle, or all of it, hidden; empty when it has none.'),
  authTokenHash: z
    .string()
    .describe('SHA-256, in hex, of the value of the header that holds it; empty when there is none.'),
  authTokenSource: z.string().describe('Name of that header; empty when there is none.'),
  authTokenType: z
    .enum(['jwt', 'basic_auth', 'bearer_token', 'oauth_token', 'api_key', 'unknown', ''])
    .describe('Kind of the credential; empty when there is none.'),
  grpcService: z.string().optional().describe('Service of the call. Absent unless it is one of gRPC.'),
  grpcMethod: z.string().optional().describe('Method of the service. Absent unless it is a call of gRPC.'),
  grpcStatus: z
    .int()
    .optional()
    .describe(
      'Status that the call ended with. Absent when it is not known, and unless it is a call of gRPC.',
    ),
  grpcStatusName: z.string().optional().describe('Name of `grpcStatus`. Absent where that has none.'),
  grpcMessage: z
    .string()
    .optional()
    .describe('What the server said of `grpcStatus`. Absent when that was nothing.'),
})

/** An exchange of HTTP, or a call of gRPC, in a few words. */
export type RequestDocument = z.output<typeof RequestDocument>

export const REQUEST_EXAMPLE: RequestDocument = {
  connectionId: 'd654d887p3qnd27vfhag',
  endpointId: 'httpbin.org',
  requestId: 'd654d8g7p3qnd27vfhb0',
  tags: ['ip:192.168.3.218', 'bin:curl', 'strategy:observe', 'host:qpoint', 'protocol:http2'],
  timestamp: '2026-01-02T03:04:05.678012345Z',
  direction: 'egress-external',
  url: 'https://httpbin.org/status/500',
  path: '/status/500',
  method: 'GET',
  status: 500,
  duration: 767,
  contentType: 'text/html; charset=utf-8',
  category: 'app',
  agent: 'curl/8.18.0',
  bytesSent: 72,
  bytesReceived: 127,
  authTokenMask: 'Bearer abcd***(56 hidden)***wxyz',
  authTokenHash: '17772287ef074688a905053937bb1bffe4dc1830e5126c0ee99c8f7d250a66c6',
  authTokenSource: 'Authorization',
  authTokenType: 'bearer_token',
}
