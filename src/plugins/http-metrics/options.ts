import { z } from 'zod'

export const HttpMetricsOptions = z.object({}).describe('There is nothing to set.')
