import type { Exchange } from '../../exchanges/index.ts'
import { headerValue } from '../../outputs/index.ts'
import { categoryOf } from '../content-category.ts'
import { createEventFacts } from '../event-facts.ts'
import { pluginType } from '../plugin.ts'
import { authTokenOf } from './auth-token.ts'
import { ReportUsageOptions } from './options.ts'

/**
 * Reports every exchange as a `request` event. Of its credentials only a fingerprint leaves: that of the
 * exchange as it passed.
 */
export const reportUsage = pluginType({
  type: 'report_usage',
  options: ReportUsageOptions,
  open({ tags }, context) {
    if (tags.length > 0) context.warn('`tags` of report_usage have no effect: name them under `tags`')
    const factsOf = createEventFacts(context)
    return {
      wantsBodies: false,
      exchange(exchange) {
        const shown = context.shown(exchange)
        const document = {
          ...factsOf(shown),
          ...describeUsage(shown),
          ...authTokenOf(exchange.request.headers),
        }
        context.emit({ kind: 'request', document })
      },
    }
  },
})

function describeUsage({ request, response, durationMs, grpc }: Exchange) {
  const contentType = response && headerValue(response.headers, 'content-type')
  return {
    duration: durationMs,
    contentType,
    category: categoryOf(contentType),
    agent: headerValue(request.headers, 'user-agent'),
    bytesSent: request.wireBytes,
    bytesReceived: response?.wireBytes ?? 0,
    grpcService: grpc?.service,
    grpcMethod: grpc?.method,
    grpcStatus: grpc?.status,
    grpcStatusName: grpc?.statusName || undefined,
    grpcMessage: grpc?.message || undefined,
  }
}
