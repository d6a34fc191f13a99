import type { Exchange, Request } from '../../exchanges/index.ts'
import { endpointOf } from '../../outputs/index.ts'
import { pluginType } from '../plugin.ts'
import { declareHttpMetrics } from './instruments.ts'
import { HttpMetricsOptions } from './options.ts'

/** What stands for the status of a response that did not come. */
const NO_STATUS = '000'
const NO_LABELS: readonly string[] = []

/** Counts exchanges for the metrics endpoint. */
export const httpMetrics = pluginType({
  type: 'http_metrics',
  options: HttpMetricsOptions,
  open(_options, { meter, shown }) {
    const metrics = declareHttpMetrics(meter)
    return {
      wantsBodies: false,
      exchange(exchange) {
        const { response, request, protocol, startedAt, respondedAt, endedAt } = exchange
        // The request that led to the conversation was counted, with the answer 101.
        if (protocol === 'websocket') return
        const labels = [
          request.method || 'unknown',
          hostOf(shown(exchange)),
          response === undefined ? NO_STATUS : statusText(response.status),
          protocol,
        ]
        // The beginning of a request that was not seen is not known.
        const isTimed = exchange.completeness !== 'joined_late'
        metrics.requests.add(1, labels)
        metrics.requestSize.observe(request.wireBytes, labels)
        if (response === undefined || respondedAt === undefined) return
        metrics.responses.add(1, labels)
        metrics.responseSize.observe(response.wireBytes, labels)
        metrics.responseDuration.observe((endedAt - respondedAt) / 1e6, labels)
        if (!isTimed) return
        metrics.requestDuration.observe((respondedAt - startedAt) / 1e6, labels)
        metrics.duration.observe((endedAt - startedAt) / 1e6, NO_LABELS)
      },
    }
  },
})

const STATUS_TEXTS = Array.from({ length: 1_000 }, (_, status) => String(status).padStart(3, '0'))

function statusText(status: number): string {
  return STATUS_TEXTS[status] ?? String(status)
}

/** The host that the client named; where it named none, whom the exchange was with. */
function hostOf(exchange: Exchange): string {
  const { request, protocol } = exchange
  return protocol !== 'http1' || !isAddress(request.authority) || namesHost(request)
    ? request.authority
    : endpointOf(exchange)
}

/** Where no host is named, the authority is the server's address. */
function isAddress(authority: string): boolean {
  const first = authority.charCodeAt(0)
  return first === 0x5b || (first >= 0x30 && first <= 0x39)
}

function namesHost({ target, headers }: Pick<Request, 'target' | 'headers'>): boolean {
  if (target.charCodeAt(0) !== 0x2f && target !== '*') return true
  return headers.some(([name, value]) => name.length === 4 && value !== '' && name.toLowerCase() === 'host')
}
