import { z } from 'zod'

export const ReportUsageOptions = z.object({
  tags: z.array(z.string()).default([]).describe('Accepted for the sake of existing files; has no effect.'),
})
