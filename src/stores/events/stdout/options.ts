import { z } from 'zod'

export const StdoutOptions = z.object({}).describe('Has no options.')
