import { z } from 'zod'

const Mode = z.enum(['none', 'summary', 'details', 'headers', 'full'])

/** The options of `access_logs` and of `debug`, which differ in the default format. */
export function accessLogsOptions(defaultFormat: 'json' | 'console') {
  return z.object({
    mode: Mode.default('summary').describe(
      'How much of each exchange is printed: nothing, one line, its process, network and headers too, or ' +
        'its bodies too. `headers` is another word for `details`.',
    ),
    format: z
      .enum(['json', 'console'])
      .default(defaultFormat)
      .describe('Whether a line is JSON for programs or text for people.'),
    rules: z
      .array(
        z.object({
          name: z.string().default('').describe('Name of the rule in logs.'),
          expr: z
            .string()
            .default('')
            .describe('Expression that an exchange must match; a rule without one is left out.'),
          mode: Mode.describe('Mode for exchanges that match.'),
        }),
      )
      .default([])
      .describe('Modes for particular exchanges; the first rule that matches wins.'),
  })
}

export const AccessLogsOptions = accessLogsOptions('json')
export type AccessLogsOptions = z.output<typeof AccessLogsOptions>
