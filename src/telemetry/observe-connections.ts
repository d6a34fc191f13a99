import type { LabelValues, Meter, Source } from '../base/index.ts'
import { SKIP } from '../capture/index.ts'
import type { Connection, StreamEvent } from '../connections/index.ts'
import { directionOf, protocolWord } from '../outputs/index.ts'

const ADDRESS = ['remote_addr', 'remote_port']
const PLACE = [...ADDRESS, 'direction']
const DURATION_BUCKETS_MS = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
  1_000_000, 1_800_000,
]
/** What a connection speaks is told when it is so old: HTTP/2 may prove to be gRPC by its first request. */
const SETTLED_AFTER_NS = 500e6
/** The port that an accepted connection comes from was picked at random, and would make each a series. */
const ANY_PORT = '0'

const TLS_VERSIONS: Readonly<Record<number, string>> = {
  768: 'SSL 3.0',
  769: 'TLS 1.0',
  770: 'TLS 1.1',
  771: 'TLS 1.2',
  772: 'TLS 1.3',
}

/** Makes the metrics of connections known to a meter. */
export function declareConnectionMetrics(meter: Meter) {
  const counter = (name: string, help: string, labels: readonly string[] = PLACE) =>
    meter.counter({ name: `qtap_connection_${name}_total`, help, labels })
  return {
    open: counter('open', 'Connections that were opened, or were there before the agent.'),
    close: counter('close', 'Connections that ended.'),
    active: meter.gauge({
      name: 'qtap_connection_active_total',
      help: 'Connections that are open.',
      labels: PLACE,
    }),
    duration: meter.histogram({
      name: 'qtap_connection_duration_ms',
      help: 'How long connections were open, of those whose begin was seen, in milliseconds.',
      labels: ADDRESS,
      buckets: DURATION_BUCKETS_MS,
    }),
    sent: counter(
      'bytes_sent',
      'Bytes that processes of this host sent, TLS included, of ended connections.',
    ),
    received: counter(
      'bytes_recv',
      'Bytes that processes of this host received, TLS included, of ended connections.',
    ),
    protocol: counter('protocol', 'Connections by what they speak, told 0.5 s after they opened.', [
      ...PLACE,
      'protocol',
    ]),
    handshake: counter('tls_handshake', 'TLS handshakes that a server answered.', [
      ...PLACE,
      'sni',
      'version',
    ]),
  }
}

/** Counts connections as they open, speak and end. */
export function observeConnections(streams: Pick<Source<StreamEvent>, 'listen'>, meter: Meter): void {
  const metrics = declareConnectionMetrics(meter)
  streams.listen(({ kind, connection, at }) => {
    if (kind === 'opened') return onOpened(connection)
    const { metered } = connection
    if (metered === undefined || metered.isSettled) {
      if (metered !== undefined && kind === 'closed') onClosed(connection, metered.place, at)
      return
    }
    if (!metered.isShaken) onHandshake(connection)
    if (kind !== 'closed') {
      if (at - connection.openedAt >= SETTLED_AFTER_NS && connection.protocol !== undefined)
        onSettled(connection)
      return
    }
    onSettled(connection)
    onClosed(connection, metered.place, at)
  })

  function onOpened(connection: Connection): void {
    const { process, remote, role } = connection
    if (process !== undefined && (process.skips & SKIP.all) === SKIP.all) return
    const port = role === 'client' ? String(remote.port) : ANY_PORT
    const place = [remote.ip, port, directionOf(connection)]
    connection.metered = { place, isShaken: false, isSettled: false }
    metrics.open.add(1, place)
    metrics.active.add(1, place)
  }

  function onHandshake({ tls, metered }: Connection): void {
    if (metered === undefined || tls?.version === undefined) return
    metered.isShaken = true
    metrics.handshake.add(1, [...metered.place, tls.serverName ?? '', tlsVersionText(tls.version)])
  }

  function onSettled(connection: Connection): void {
    const { metered } = connection
    if (metered === undefined) return
    metered.isSettled = true
    metrics.protocol.add(1, [...metered.place, protocolWord(connection) ?? 'other'])
  }

  function onClosed({ openedAt, joinedLate, totals }: Connection, place: LabelValues, at: number): void {
    metrics.close.add(1, place)
    metrics.active.add(-1, place)
    if (totals !== undefined) {
      metrics.sent.add(totals.sentBytes, place)
      metrics.received.add(totals.receivedBytes, place)
    }
    if (!joinedLate) metrics.duration.observe((at - openedAt) / 1e6, place.slice(0, ADDRESS.length))
  }
}

/** As it is called, and by its number where it has no name. */
function tlsVersionText(version: number): string {
  return TLS_VERSIONS[version] ?? `0x${version.toString(16).padStart(4, '0')}`
}
