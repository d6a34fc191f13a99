import type { Meter } from '../../base/index.ts'

const LABELS = ['method', 'host', 'status_code', 'protocol']
const DURATION_BUCKETS_MS = [
  0.1, 0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
  600_000,
]
const SIZE_BUCKETS_BYTES = [
  1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
  2_500_000, 5_000_000, 10_000_000, 50_000_000,
]

/** Makes the metrics of exchanges known to a meter. */
export function declareHttpMetrics(meter: Meter) {
  return {
    requests: meter.counter({
      name: 'qtap_http_requests_total',
      help: 'Requests, told when their exchange is over; the status is 000 where no response came.',
      labels: LABELS,
    }),
    requestDuration: meter.histogram({
      name: 'qtap_http_requests_duration_ms',
      help: 'From the head of a request to the head of its response, in milliseconds.',
      labels: LABELS,
      buckets: DURATION_BUCKETS_MS,
    }),
    requestSize: meter.histogram({
      name: 'qtap_http_requests_size_bytes',
      help: 'Bytes of requests as they passed, head and body, without TLS.',
      labels: LABELS,
      buckets: SIZE_BUCKETS_BYTES,
    }),
    responses: meter.counter({
      name: 'qtap_http_responses_total',
      help: 'Responses, told when they end.',
      labels: LABELS,
    }),
    responseDuration: meter.histogram({
      name: 'qtap_http_responses_duration_ms',
      help: 'From the head of a response to its end, in milliseconds.',
      labels: LABELS,
      buckets: DURATION_BUCKETS_MS,
    }),
    responseSize: meter.histogram({
      name: 'qtap_http_responses_size_bytes',
      help: 'Bytes of responses as they passed, head and body, without TLS.',
      labels: LABELS,
      buckets: SIZE_BUCKETS_BYTES,
    }),
    duration: meter.histogram({
      name: 'qtap_http_duration_ms',
      help: 'From the head of a request to the end of its response, in milliseconds.',
      labels: [],
      buckets: DURATION_BUCKETS_MS,
    }),
  }
}
