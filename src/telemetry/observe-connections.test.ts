import { expect, test } from 'vitest'
import { recordingMeter } from '../../test/support/recording-meter.ts'
import { SAMPLE_PROCESS } from '../../test/support/sample-exchange.ts'
import { someConnection } from '../../test/support/some-connection.ts'
import { source } from '../base/index.ts'
import { SKIP } from '../capture/index.ts'
import type { Connection, StreamEvent, TlsFacts } from '../connections/index.ts'
import { observeConnections } from './observe-connections.ts'

const TLS: TlsFacts = {
  offeredVersion: 0x0304,
  version: 0x0304,
  suite: 0x1301,
  serverName: 'api.example.com',
  protocols: [],
  protocol: undefined,
  unreadable: undefined,
  opened: true,
}
const REMOTE = { ip: '203.0.113.5', port: 443 }
const PLACE = '203.0.113.5|443|egress-external'

function observed() {
  const streams = source<StreamEvent>({})
  const recorded = recordingMeter()
  observeConnections(streams, recorded.meter)
  return { ...recorded, opened, bytes, closed }

  function opened(changes: Partial<Connection> = {}): Connection {
    const connection = someConnection({ remote: REMOTE, openedAt: 1e9, ...changes })
    streams.emit({ kind: 'opened', connection, at: connection.openedAt })
    return connection
  }

  function bytes(connection: Connection, at: number): void {
    streams.emit({ kind: 'bytes', connection, at, from: 'client', bytes: new Uint8Array(1) })
  }

  function closed(connection: Connection, at: number): void {
    streams.emit({ kind: 'closed', connection, at })
  }
}

test('a connection is counted as it opens, speaks and ends', () => {
  const { opened, bytes, closed, counted, labelNames } = observed()
  const connection = opened()
  expect(counted).toEqual({
    qtap_connection_open_total: { [PLACE]: [1] },
    qtap_connection_active_total: { [PLACE]: [1] },
  })
  connection.tls = TLS
  connection.protocol = 'http2'
  bytes(connection, 1.1e9)
  bytes(connection, 1.2e9)
  expect(counted['qtap_connection_tls_handshake_total']).toEqual({
    [`${PLACE}|api.example.com|TLS 1.3`]: [1],
  })
  expect(counted).not.toHaveProperty('qtap_connection_protocol_total')
  connection.protocol = 'grpc'
  bytes(connection, 1.6e9)
  bytes(connection, 1.7e9)
  connection.totals = { sentBytes: 100, receivedBytes: 2_000 }
  closed(connection, 3e9)
  expect(counted).toEqual({
    qtap_connection_open_total: { [PLACE]: [1] },
    qtap_connection_active_total: { [PLACE]: [1, -1] },
    qtap_connection_close_total: { [PLACE]: [1] },
    qtap_connection_duration_ms: { '203.0.113.5|443': [2_000] },
    qtap_connection_bytes_sent_total: { [PLACE]: [100] },
    qtap_connection_bytes_recv_total: { [PLACE]: [2_000] },
    qtap_connection_protocol_total: { [`${PLACE}|grpc`]: [1] },
    qtap_connection_tls_handshake_total: { [`${PLACE}|api.example.com|TLS 1.3`]: [1] },
  })
  expect(labelNames['qtap_connection_tls_handshake_total']).toEqual(
    'remote_addr remote_port direction sni version'.split(' '),
  )
  expect(labelNames['qtap_connection_protocol_total']).toEqual(
    'remote_addr remote_port direction protocol'.split(' '),
  )
  expect(labelNames['qtap_connection_duration_ms']).toEqual(['remote_addr', 'remote_port'])
})

test('what a short connection was is told at its end', () => {
  const { opened, closed, sums } = observed()
  const connection = opened()
  connection.protocol = 'websocket'
  connection.tls = { ...TLS, version: 0x7f1c, serverName: undefined }
  closed(connection, 1.01e9)
  closed(opened(), 1.02e9)
  expect(sums('qtap_connection_protocol_total')).toEqual({ [`${PLACE}|http1`]: 1, [`${PLACE}|other`]: 1 })
  expect(sums('qtap_connection_tls_handshake_total')).toEqual({ [`${PLACE}||0x7f1c`]: 1 })
  expect(sums('qtap_connection_active_total')).toEqual({ [PLACE]: 0 })
})

test('a handshake that no server answered is none', () => {
  const { opened, closed, counted } = observed()
  closed(opened({ tls: { ...TLS, version: undefined } }), 2e9)
  expect(counted).not.toHaveProperty('qtap_connection_tls_handshake_total')
})

test('accepted connections of one client are one series, whatever port they come from', () => {
  const { opened, sums } = observed()
  for (const port of [40_001, 40_002, 40_003]) opened({ role: 'server', remote: { ip: '10.0.0.9', port } })
  expect(sums('qtap_connection_open_total')).toEqual({ '10.0.0.9|0|ingress': 3 })
})

test('what is not known is not said: the age of one that was there before, bytes without a count', () => {
  const { opened, closed, counted } = observed()
  closed(opened({ joinedLate: true }), 2e9)
  expect(counted).not.toHaveProperty('qtap_connection_duration_ms')
  expect(counted).not.toHaveProperty('qtap_connection_bytes_sent_total')
})

test('connections of processes that are left out are not counted', () => {
  const { opened, closed, counted } = observed()
  closed(opened({ process: { ...SAMPLE_PROCESS, skips: SKIP.all } }), 2e9)
  expect(counted).toEqual({})
})
