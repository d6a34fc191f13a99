import { Buffer } from 'node:buffer'
import type { ChannelCredentials, ClientUnaryCall, Client as GrpcClient, ServiceError } from '@grpc/grpc-js'
import { releaseBytes } from '../../base/index.ts'
import { readStatus, type Signal } from '../../otlp/index.ts'
import type { Outcome } from '../delivery/parcel.ts'
import { causeIn } from './cause.ts'
import type { Endpoint } from './endpoint.ts'
import { checkedHeaders } from './request-headers.ts'
import type { OtlpSettings } from './settings.ts'
import { openTlsContext } from './tls-context.ts'
import { ANSWER_BYTES_MAX, type OtlpSurroundings, type Transport } from './transport.ts'
import { grpcVerdict, takenVerdict, unansweredVerdict } from './verdicts.ts'

const METHODS = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const

const UNAVAILABLE = 14
const DEADLINE_EXCEEDED = 4
const GZIP = 2
/** Of a channel that can be used (`connectivityState` of the package). */
const READY = 2
/** A peer that is gone without a word is found out between two calls. */
const KEEPALIVE_MS = 10_000
const KEEPALIVE_ANSWER_MS = 5_000
/** The default waits up to two minutes for a backend that is back. */
const RECONNECT_MS_MIN = 500
const RECONNECT_MS_MAX = 5_000

/** OTLP/gRPC. The package is loaded with the first sender; batches wait for it. */
export function openGrpc(
  endpoint: Endpoint,
  settings: OtlpSettings,
  signal: Signal,
  { version, clock }: OtlpSurroundings,
): Transport {
  const headers = checkedHeaders(settings.headers, 'grpc')
  const secrets = Buffer.from(Object.values(headers).join('\n'))
  const tls = endpoint.tls ? openTlsContext(settings.tls) : undefined
  const underWay = new Set<ClientUnaryCall>()
  const opening = open().catch(() => undefined)
  let closed = false
  return { send, close }

  async function open() {
    const { Client, credentials, Metadata } = await import('@grpc/grpc-js')
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) {
      metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
    }
    const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
    const target = `dns:${host}:${endpoint.port}`
    const options = {
      'grpc.default_compression_algorithm': settings.gzip ? GZIP : 0,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_MIN,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
      'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
      'grpc.primary_user_agent': `qtap/${version}`,
      'grpc.service_config_disable_resolution': 1,
      'grpc.use_local_subchannel_pool': 1,
    }
    const connect = () => new Client(target, secured(credentials), options)
    return { client: connect(), connect, metadata }
  }

  /**
   * A peer that takes the connection and then says nothing would be waited for without end: the package gives
   * such an attempt no time-out.
   */
  function connectAnew(failed: GrpcClient): void {
    void opening.then((opened) => {
      if (opened === undefined || closed || opened.client !== failed) return
      if (failed.getChannel().getConnectivityState(false) === READY) return
      failed.close()
      opened.client = opened.connect()
    })
  }

  function secured(credentials: {
    createInsecure: () => ChannelCredentials
    createFromSecureContext: typeof import('@grpc/grpc-js')['credentials']['createFromSecureContext']
  }): ChannelCredentials {
    if (tls === undefined) return credentials.createInsecure()
    const skipping = { rejectUnauthorized: false, checkServerIdentity: () => undefined }
    return credentials.createFromSecureContext(tls, settings.tls.insecureSkipVerify ? skipping : {})
  }

  async function send(request: Uint8Array, count: number): Promise<Outcome> {
    const opened = await opening
    if (opened === undefined) return unansweredVerdict(endpoint.name, 'gRPC cannot be used')
    if (closed) return unansweredVerdict(endpoint.name, 'the agent ends')
    const { client, metadata } = opened
    return await new Promise((resolve) => {
      const options = { deadline: clock.nowMs() + settings.timeoutMs }
      const call = client.makeUnaryRequest(
        METHODS[signal],
        asBuffer,
        (bytes) => bytes,
        request,
        metadata,
        options,
        answered,
      )
      underWay.add(call)

      function answered(error: ServiceError | null, response?: Buffer): void {
        underWay.delete(call)
        if (error?.code === DEADLINE_EXCEEDED) connectAnew(client)
        const from = { endpoint: endpoint.name, sent: [request, secrets] }
        resolve(
          error === null ? takenVerdict(from, response ?? Buffer.alloc(0), count) : failed(error, from.sent),
        )
        // The channel made a copy, behind a head of its own.
        releaseBytes(request)
      }
    })
  }

  function failed({ code, details, metadata }: ServiceError, sent: readonly Uint8Array[]): Outcome {
    const [status] = metadata.get('grpc-status-details-bin')
    const retryMs = status instanceof Uint8Array ? readStatus(status).retryMs : undefined
    if (closed) return unansweredVerdict(endpoint.name, 'the agent ends')
    if (code === DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded after')) {
      return unansweredVerdict(endpoint.name, `it does not answer within ${settings.timeoutMs / 1_000} s`)
    }
    const cause = code === UNAVAILABLE && retryMs === undefined ? causeIn(details) : undefined
    if (cause !== undefined) return unansweredVerdict(endpoint.name, cause)
    return grpcVerdict({ endpoint: endpoint.name, text: details, sent }, code, retryMs)
  }

  function close(): void {
    closed = true
    for (const call of underWay) call.cancel()
    void opening.then((opened) => opened?.client.close())
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
