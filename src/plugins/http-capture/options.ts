import { z } from 'zod'
import { HttpRedactOptions } from './redact-options.ts'

const StoreId = z.union([z.string(), z.array(z.string())])
const Level = z.enum(['none', 'summary', 'headers', 'full', 'details'])
const Format = z.enum(['json', 'text'])
const SHARE = 'expected a number from 0 to 1'
const Share = z.number().min(0, SHARE).max(1, SHARE)

export const HttpCaptureOptions = z.object({
  level: Level.default('none').describe(
    'How much of each exchange is stored: nothing, facts about it, its headers too, or its bodies too. ' +
      '`details` is the older word for `headers`.',
  ),
  format: Format.default('json').describe('Whether an object is a JSON document or text for people to read.'),
  sample: Share.default(1).describe(
    'Share of the exchanges that are stored, from 0 to 1; the id of an exchange decides.',
  ),
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
        level: Level.describe('Level for exchanges that match.'),
        format: Format.optional().describe('Format for exchanges that match.'),
        sample: Share.optional().describe(
          'Share of the exchanges that match which are stored; 1 exempts them from sampling.',
        ),
      }),
    )
    .default([])
    .describe('Levels for particular exchanges; the first rule that matches wins.'),
  redact: HttpRedactOptions.optional().describe(
    'What is replaced in everything that the plugins of the stack put out.',
  ),
})

export type HttpCaptureOptions = z.output<typeof HttpCaptureOptions>
