import { z } from 'zod'
import { ConnectionId, Direction, EndpointId, Time } from './event-parts.ts'

const Container = z
  .object({
    id: z.string().describe('First 12 characters of its id.'),
    name: z.string().optional().describe('Absent until the container runtime told it.'),
    image: z.string().optional().describe('Absent until the container runtime told it.'),
    pod: z
      .object({
        name: z.string().describe('Name of the pod.'),
        namespace: z.string().describe('Namespace of the pod.'),
      })
      .optional()
      .describe('The pod of Kubernetes. Absent outside pods, and until the container runtime told it.'),
  })
  .describe('The container of the process. Absent outside containers.')

const Peer = z.object({
  address: z
    .object({
      family: z.enum(['ipv4', 'ipv6']).describe('Kind of the address.'),
      ip: z.string().describe('The address as text.'),
      port: z.int().describe('TCP or UDP port.'),
    })
    .describe('Address of this end.'),
  hostname: z
    .string()
    .optional()
    .describe(
      'Name of the machine as the process sees it, which may be its container. Absent when not known.',
    ),
  exe: z
    .string()
    .optional()
    .describe('Path of the executable file, as the process sees it. Absent when not known.'),
  user: z.string().optional().describe('Name of the user the process ran as. Absent when it has no name.'),
  userId: z.int().optional().describe('Number of that user. Absent when not known.'),
  pid: z.int().optional().describe('Process id, as this host counts. Absent when not known.'),
  parents: z
    .array(
      z.object({
        pid: z.int().describe('Process id.'),
        exe: z.string().optional().describe('Path of its executable file. Absent when not known.'),
      }),
    )
    .readonly()
    .optional()
    .describe('The process that started it, what started that one, and so on. Absent when none is known.'),
  container: Container.optional(),
})

/** One end of a connection. */
export type Peer = z.output<typeof Peer>

const PEER_RULE =
  'The end whose process the agent watches has all that is known of it, the other end only its address.'

export const ConnectionDocument = z.object({
  meta: z
    .object({
      connectionId: ConnectionId,
      endpointId: EndpointId,
      tlsProbeIntrospected: z
        .literal(true)
        .optional()
        .describe('Present when TLS of this connection was opened and read.'),
    })
    .describe('What the connection is known by.'),
  tags: z
    .record(z.string(), z.array(z.string()).readonly())
    .readonly()
    .describe('Tags of the connection: the values of each key.'),
  labels: z
    .array(z.enum(['user-shell']))
    .readonly()
    .optional()
    .describe(
      '`user-shell` when the process, or one it descends from, is a shell that a login program or a ' +
        'terminal started. Absent otherwise, and when the ancestors are not known.',
    ),
  finalized: z
    .literal(true)
    .optional()
    .describe('Present in the last event of the connection, after which none comes.'),
  part: z.int().optional().describe('How many events of this connection came before. Absent in the first.'),
  timestamp: Time.describe('The same as `createdAt`.'),
  createdAt: Time.describe(
    'When the connection was opened; of one that was there before the agent, when the agent found it.',
  ),
  closedAt: Time.optional().describe(
    'When it was closed. Absent while it is open, and when the agent ended first.',
  ),
  direction: Direction,
  socketProtocol: z
    .enum(['tcp', 'udp'])
    .describe('What carries the bytes: UDP only for look-ups of the DNS.'),
  l7Protocol: z
    .enum(['http1', 'http2', 'grpc', 'dns', 'other'])
    .describe('What the bytes are; a WebSocket is `http1`. `other` until that is known, or if it never is.'),
  tlsVersion: z
    .int()
    .optional()
    .describe(
      'As on the wire: 769 is TLS 1.0, 770 is 1.1, 771 is 1.2, 772 is 1.3. What the server chose, where ' +
        'that was seen, else the highest that the client offered. Absent when no TLS handshake was seen.',
    ),
  system: z
    .object({
      hostname: z.string().describe('Name of the host that the agent runs on.'),
      agent: z.literal('tap').describe('Always `tap`.'),
      agentInstance: z.string().describe('Id of this agent, the same in all its events.'),
    })
    .describe('Who says this.'),
  source: Peer.describe(`The end that connected. ${PEER_RULE}`),
  destination: Peer.describe(`The end that accepted. ${PEER_RULE}`),
  bytesReceived: z
    .int()
    .optional()
    .describe(
      "Bytes the process received, by the kernel's count since `createdAt`, TLS included. Absent as long " +
        'as `closedAt` is, and when there were none.',
    ),
  bytesSent: z.int().optional().describe('Bytes the process sent, counted and absent like `bytesReceived`.'),
})

/** A TCP connection, or a conversation with a DNS server, and who had it. */
export type ConnectionDocument = z.output<typeof ConnectionDocument>

export const CONNECTION_EXAMPLE: ConnectionDocument = {
  meta: { connectionId: 'd3tsmvg7p3qggmf8pdi0', endpointId: 'httpbin.org', tlsProbeIntrospected: true },
  tags: {
    ip: ['192.168.3.218'],
    bin: ['curl'],
    strategy: ['observe'],
    host: ['qpoint'],
    protocol: ['http2'],
  },
  labels: ['user-shell'],
  finalized: true,
  timestamp: '2025-10-24T18:54:54.510499628Z',
  createdAt: '2025-10-24T18:54:54.510499628Z',
  closedAt: '2025-10-24T18:54:54.893311205Z',
  direction: 'egress-external',
  socketProtocol: 'tcp',
  l7Protocol: 'http2',
  tlsVersion: 772,
  system: { hostname: 'qpoint', agent: 'tap', agentInstance: 'd3tsmqo7p3qggmf8pd40' },
  source: {
    address: { family: 'ipv4', ip: '192.168.3.218', port: 51_622 },
    hostname: 'qpoint',
    exe: '/usr/bin/curl',
    user: 'operator',
    userId: 1000,
    pid: 18_023,
    container: {
      id: '4f0c8ba5d9d3',
      name: 'checkout',
      image: 'docker.io/curlimages/curl:8.16.0',
      pod: { name: 'checkout-6d4cf56db6-9vq8k', namespace: 'shop' },
    },
  },
  destination: { address: { family: 'ipv4', ip: '54.87.109.59', port: 443 } },
  bytesReceived: 5872,
  bytesSent: 798,
}
