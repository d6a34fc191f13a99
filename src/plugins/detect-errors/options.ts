import { z } from 'zod'
import { readDuration } from './duration.ts'

const Duration = z
  .union([z.number(), z.string()])
  .refine((value) => readDuration(value) !== undefined, 'must be milliseconds, or a duration such as 1.5s')

const StatusPattern = z.string().regex(/^\d[\dxX]{2}$/, 'must be a status such as 500, 50x or 5xx')

const ErrorRule = z.object({
  name: z.string().default('').describe('What the error is called in issues.'),
  trigger_status_codes: z
    .array(StatusPattern)
    .default([])
    .describe('Statuses, any of which matches; `x` stands for any second or third digit: `5xx`.'),
  trigger_empty_body: z.boolean().default(false).describe('The body of the response must be empty.'),
  trigger_duration: Duration.optional().describe(
    'The response must have taken that long to begin: milliseconds, or a duration such as `1.5s`.',
  ),
  trigger_contains: z.string().default('').describe('The body of the response must contain this text.'),
  only_categories: z
    .array(z.enum(['app', 'css', 'font', 'image', 'js', 'media', 'other']))
    .default([])
    .describe('Kinds of content, one of which the response must be of.'),
  only_urls: z
    .array(z.string())
    .default([])
    .describe('URLs without query strings, one of which must be that of the request.'),
  exclude_urls: z
    .array(z.string())
    .default([])
    .describe('URLs without query strings that the rule is not for, whatever else it says.'),
  with_tags: z
    .array(z.string())
    .default([])
    .describe('Tags, `key:value`, one of which the connection must have.'),
  report_as_issue: z.boolean().default(false).describe('Whether an `issue` event is sent.'),
  record_req_headers: z.boolean().default(false).describe('Whether the headers of the request are stored.'),
  record_req_body: z.boolean().default(false).describe('Whether the body of the request is stored.'),
  record_res_headers: z.boolean().default(false).describe('Whether the headers of the response are stored.'),
  record_res_body: z.boolean().default(false).describe('Whether the body of the response is stored.'),
  continue: z
    .boolean()
    .default(false)
    .describe('Accepted for the sake of existing files; has no effect: every rule is tried.'),
})

export type ErrorRule = z.output<typeof ErrorRule>

export const DetectErrorsOptions = z.object({
  rules: z
    .array(ErrorRule)
    .default([])
    .describe('What counts as an error, and what is then told and stored.'),
})
