import { z } from 'zod'
import { OTLP_KEYS, OtlpEndpoint } from '../../otlp/options.ts'

export const OtelOptions = z.object({ endpoint: OtlpEndpoint, ...OTLP_KEYS })
