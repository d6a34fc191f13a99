import { z } from 'zod'

const StoreId = z.union([z.string(), z.array(z.string())])

export const HttpCaptureOptions = z.object({
  level: z
    .enum(['none', 'summary', 'headers', 'full', 'details'])
    .default('none')
    .describe(
      'How much of each exchange is stored: nothing, facts about it, its headers too, or its bodies too. ' +
        '`details` is the older word for `headers`.',
    ),
  format: z
    .enum(['json', 'text'])
    .default('json')
    .describe('Whether an object is a JSON document or text for people to read.'),
  object_store: z
    .object({
      id: StoreId.optional().describe('The `id` of the object store, or a list of several.'),
    })
    .prefault({})
    .describe('Where objects go; the first object store when it is not given.'),
  rules: z
    .array(
      z.object({
        name: z.string().default('').describe('Name of the rule in logs.'),
        expr: z.string().describe('Expression that an exchange must match.'),
        level: z
          .enum(['none', 'summary', 'headers', 'full', 'details'])
          .describe('Level for exchanges that match.'),
        format: z.enum(['json', 'text']).optional().describe('Format for exchanges that match.'),
      }),
    )
    .default([])
    .describe('Levels for particular exchanges; the first rule that matches wins.'),
})
