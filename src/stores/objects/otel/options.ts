import { z } from 'zod'
import { OTLP_KEYS, OtlpEndpoint } from '../../otlp/options.ts'

export const OtelOptions = z
  .object({
    otel_endpoint: OtlpEndpoint,
    endpoint: OtlpEndpoint.describe('Another name of `otel_endpoint`.'),
    ...OTLP_KEYS,
  })
  .refine(
    ({ otel_endpoint, endpoint }) =>
      otel_endpoint === undefined || endpoint === undefined || otel_endpoint === endpoint,
    'otel_endpoint and endpoint are two names of one thing: give one of them',
  )
