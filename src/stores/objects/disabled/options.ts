import { z } from 'zod'

export const DisabledOptions = z.object({}).describe('Has no options.')
