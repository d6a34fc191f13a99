import { expect, test } from 'vitest'
import { SAMPLE_PROCESS, sampleExchange } from '../../../test/support/sample-exchange.ts'
import { someConnection } from '../../../test/support/some-connection.ts'
import type { Connection, ConnectionReport } from '../../connections/index.ts'
import { NO_TAG_RULES } from '../tags.ts'
import { type ConnectionSurroundings, connectionDocument } from './connection-document.ts'
import { ConnectionDocument } from './documents.ts'

const SURROUNDINGS: ConnectionSurroundings = {
  bootEpochMs: Date.UTC(2025, 9, 24, 18, 0, 0),
  tags: NO_TAG_RULES,
  system: { hostname: 'host-1', agentInstance: 'd3tsmqo7p3qggmf8pd40' },
}
const SYSTEM = { hostname: 'host-1', agent: 'tap', agentInstance: 'd3tsmqo7p3qggmf8pd40' }

/** As it is sent; just what is declared. */
function sent(connection: Connection, changes: Partial<ConnectionReport> = {}): unknown {
  const report = { connection, at: 9e9, part: 0, finalized: false, ...changes }
  const json: unknown = JSON.parse(JSON.stringify(connectionDocument(report, SURROUNDINGS)))
  expect(ConnectionDocument.parse(json)).toStrictEqual(json)
  return json
}

test('a closed connection of a client says all that is known', () => {
  const { connection } = sampleExchange({
    connection: {
      openedAt: 54 * 60e9 + 54_510_499_628,
      closedAt: 54 * 60e9 + 55_000_000_001,
      totals: { sentBytes: 798, receivedBytes: 5872 },
    },
    process: {
      ancestors: [
        { pid: 2, exe: '/bin/bash' },
        { pid: 1, exe: '/usr/sbin/sshd' },
      ],
    },
  })
  expect(sent(connection, { finalized: true, part: 2 })).toEqual({
    meta: {
      connectionId: 'd654d887p3qnd27vfhag',
      endpointId: 'api.example.com',
      tlsProbeIntrospected: true,
    },
    tags: {
      ip: ['192.0.2.10'],
      bin: ['curl'],
      strategy: ['observe'],
      host: ['web-1'],
      protocol: ['http2'],
    },
    labels: ['user-shell'],
    finalized: true,
    part: 2,
    timestamp: '2025-10-24T18:54:54.510499628Z',
    createdAt: '2025-10-24T18:54:54.510499628Z',
    closedAt: '2025-10-24T18:54:55.000000001Z',
    direction: 'egress-external',
    socketProtocol: 'tcp',
    l7Protocol: 'http2',
    tlsVersion: 772,
    system: SYSTEM,
    source: {
      address: { family: 'ipv4', ip: '192.0.2.10', port: 40_000 },
      hostname: 'web-1',
      exe: '/usr/bin/curl',
      user: 'operator',
      userId: 1000,
      pid: 4242,
      parents: [
        { pid: 2, exe: '/bin/bash' },
        { pid: 1, exe: '/usr/sbin/sshd' },
      ],
    },
    destination: { address: { family: 'ipv4', ip: '203.0.113.5', port: 443 } },
    bytesReceived: 5872,
    bytesSent: 798,
  })
})

test('an open connection of which nothing is known claims nothing', () => {
  expect(sent(someConnection())).toEqual({
    meta: { connectionId: '00000000000000000000', endpointId: '127.0.0.1' },
    tags: { ip: ['127.0.0.1'] },
    timestamp: '2025-10-24T18:00:00.000000000Z',
    createdAt: '2025-10-24T18:00:00.000000000Z',
    direction: 'egress-external',
    socketProtocol: 'tcp',
    l7Protocol: 'other',
    system: SYSTEM,
    source: { address: { family: 'ipv4', ip: '127.0.0.1', port: 40_000 } },
    destination: { address: { family: 'ipv4', ip: '127.0.0.1', port: 443 } },
  })
})

test('what the kernel could not tell of a process is left out', () => {
  const unknown = { exe: '', binary: '', userId: -1, userName: '', hostname: '', pid: -1 }
  const process = { ...SAMPLE_PROCESS, ...unknown }
  expect(sent(someConnection({ process }))).toMatchObject({
    source: { address: { family: 'ipv4', ip: '127.0.0.1', port: 40_000 } },
    tags: { ip: ['127.0.0.1'], strategy: ['observe'] },
  })
})

test('root is a user', () => {
  const process = { ...SAMPLE_PROCESS, userId: 0, userName: 'root' }
  expect(sent(someConnection({ process }))).toMatchObject({ source: { user: 'root', userId: 0 } })
})

test('an accepted connection has its process at the destination', () => {
  const { connection } = sampleExchange({
    connection: {
      role: 'server',
      local: { ip: '2001:db8::1', port: 443 },
      remote: { ip: '2001:db8::2', port: 50_000 },
    },
  })
  expect(sent(connection)).toMatchObject({
    direction: 'ingress',
    source: { address: { family: 'ipv6', ip: '2001:db8::2', port: 50_000 } },
    destination: { address: { family: 'ipv6', ip: '2001:db8::1', port: 443 }, pid: 4242 },
  })
})

test('a container is named as far as its runtime has told', () => {
  const pod = { name: 'checkout-1', namespace: 'shop', uid: '1', labels: {}, annotations: {} }
  const facts = { runtime: 'cri', name: 'checkout', image: 'example/checkout:1', labels: {}, pod } as const
  const pending = { fullId: 'ab'.repeat(32), id: 'abababababab', state: 'pending', facts: undefined } as const
  const containerOf = (container: typeof SAMPLE_PROCESS.container) =>
    sent(someConnection({ process: { ...SAMPLE_PROCESS, container } }))
  expect(containerOf(pending)).toHaveProperty('source.container', { id: 'abababababab' })
  expect(containerOf({ ...pending, state: 'known', facts })).toHaveProperty('source.container', {
    id: 'abababababab',
    name: 'checkout',
    image: 'example/checkout:1',
    pod: { name: 'checkout-1', namespace: 'shop' },
  })
  const alone = { ...facts, image: '', pod: undefined }
  expect(containerOf({ ...pending, state: 'known', facts: alone })).toHaveProperty('source.container', {
    id: 'abababababab',
    name: 'checkout',
  })
})

test('the version of TLS is the negotiated one, else the offered one', () => {
  const { tls } = sampleExchange().connection
  if (tls === undefined) throw new Error('the sample is over TLS')
  const offered = { ...tls, version: undefined, offeredVersion: 0x0303, opened: false }
  expect(sent(someConnection({ tls }))).toMatchObject({ tlsVersion: 772 })
  expect(sent(someConnection({ tls: offered }))).toMatchObject({ tlsVersion: 771 })
  expect(sent(someConnection({ tls: offered }))).not.toHaveProperty('meta.tlsProbeIntrospected')
  expect(sent(someConnection({ tls: { ...offered, offeredVersion: undefined } }))).not.toHaveProperty(
    'tlsVersion',
  )
})

test('a look-up of the DNS is a connection over UDP', () => {
  const lookUp = someConnection({ socketProtocol: 'udp', protocol: 'dns' })
  expect(sent(lookUp)).toMatchObject({
    socketProtocol: 'udp',
    l7Protocol: 'dns',
    tags: { protocol: ['dns'] },
  })
})
