import { z } from 'zod'
import { valueSource } from '../../base/index.ts'
import { NOTHING_REDACTED, patternMistake, type RedactOptions, readJsonPath } from '../../outputs/index.ts'

/** Of each list; every entry costs time with every exchange. */
const ENTRIES_MAX = 256
const KEY_CHARACTERS_MIN = 16
const REPLACEMENT_CHARACTERS_MAX = 256

const Name = z.string().min(1, 'expected a name')

const JsonPath = z.string().superRefine((path, context) => {
  const read = readJsonPath(path)
  if (read.kind === 'mistake') context.addIssue({ code: 'custom', message: `JSON path ${read.message}` })
})

const Pattern = z
  .string()
  .min(1, 'expected a regular expression')
  .superRefine((pattern, context) => {
    const mistake = pattern === '' ? undefined : patternMistake(pattern)
    if (mistake !== undefined) context.addIssue({ code: 'custom', message: `regular expression: ${mistake}` })
  })

function listOf(entry: z.ZodString): z.ZodDefault<z.ZodArray<z.ZodString>> {
  return z.array(entry).max(ENTRIES_MAX, `more than ${ENTRIES_MAX} entries`).default([])
}

/** `redact` of `http_capture`: what is replaced in all that a stack puts out. */
export const HttpRedactOptions = z
  .object({
    headers: listOf(Name).describe('Names of header fields, in any case; `*` stands for any characters.'),
    query: listOf(Name).describe(
      'Names of URL parameters and of form fields, in any case; `*` stands for any characters.',
    ),
    json_paths: listOf(JsonPath).describe('Places in JSON, such as `$.user.password` or `$..token`.'),
    patterns: listOf(Pattern).describe(
      'Regular expressions (RE2 syntax), searched for in URLs, header values and content. Of one with ' +
        'groups only what the groups match is replaced.',
    ),
    credentials: z
      .boolean()
      .default(false)
      .describe('Replaces what usually is a credential, by its name or by its form.'),
    replacement: z
      .string()
      .min(1, 'expected a text')
      .max(REPLACEMENT_CHARACTERS_MAX, `longer than ${REPLACEMENT_CHARACTERS_MAX} characters`)
      .default(NOTHING_REDACTED.replacement)
      .describe('What stands in place of a secret.'),
    key: valueSource
      .optional()
      .describe(
        'Makes the replacement `[REDACTED:…]` with 12 hex digits of an HMAC-SHA-256 by this key, so that ' +
          'equal secrets can be told from others.',
      ),
  })
  .superRefine(({ key, replacement }, context) => {
    if (key === undefined) return
    if (key.length < KEY_CHARACTERS_MIN)
      context.addIssue({
        code: 'custom',
        path: ['key'],
        message: `shorter than ${KEY_CHARACTERS_MIN} characters, or not set: secrets could be guessed`,
      })
    if (replacement !== NOTHING_REDACTED.replacement)
      context.addIssue({
        code: 'custom',
        path: ['replacement'],
        message: 'has no effect beside a key: remove one',
      })
  })
  .transform(({ json_paths, key, ...rest }): RedactOptions => ({ ...rest, jsonPaths: json_paths, key }))
