import { z } from 'zod'

/** A point in time. */
export const Time = z.iso.datetime({ offset: false })

export const Direction = z
  .enum(['ingress', 'egress-internal', 'egress-external'])
  .describe(
    'Ingress when a process of this host accepted the connection; otherwise egress, internal when the ' +
      'remote address is private by RFC 1918 or RFC 4193.',
  )

export const ConnectionId = z
  .string()
  .describe('Id of the connection: 20 characters, the same in all that is said of it.')

export const EndpointId = z
  .string()
  .describe(
    "Whom the connection was with: the name that the DNS gave for the address, else the TLS handshake's " +
      "server name, else the HTTP request's host, else the address of the server's end.",
  )

/** What an event about one exchange begins with. */
export const ExchangeEvent = z.object({
  connectionId: ConnectionId,
  endpointId: EndpointId,
  requestId: z.string().describe('Id of the exchange: 20 characters, the same in all that is said of it.'),
  tags: z.array(z.string()).readonly().describe('Tags of the connection, `key:value` each.'),
})

/** Meta and tags that all documents about an exchange share. */
export type ExchangeEvent = z.output<typeof ExchangeEvent>

export const HttpRequestParts = z.object({
  url: z.string().describe('What was asked for, without its query.'),
  path: z.string().describe('Path of `url`.'),
  method: z.string().describe('Method of the request, as it was sent.'),
  status: z
    .int()
    .describe(
      'Status of the response: 499 when none came, and for a call of gRPC that failed the one that says so.',
    ),
})
