import { z } from 'zod'
import type { Components, NotBuilt, Path, Review } from '../base/index.ts'

/** One plugin of a stack as the operator wants it; `config` is what the plugin's own schema made of the file. */
export interface PluginConfig {
  readonly type: string
  readonly config: unknown
}

/** Stacks by name; the plugins of each in the order they run. */
export type Stacks = Readonly<Record<string, readonly PluginConfig[]>>

/** Deleting a line, or a word of one, is all that this file takes when such a part is built. */
export const STACKS_NOT_BUILT: readonly NotBuilt[] = [
  { path: 'rulekit.*' },
  { path: 'stacks.*.plugins[].config.rules' },
  {
    path: 'stacks.*.plugins[]',
    named: ['detect_errors', 'dlp', 'http_metrics', 'llm', 'logger', 'qscan', 'report_usage'],
  },
]

/** The `stacks` section. The schema of each `config` stands beside its plugin. */
export const StacksOptions = z.record(
  z.string(),
  z.object({
    plugins: z
      .array(
        z.object({
          type: z.string().describe('Which plugin.'),
          config: z.unknown().describe('Options of the plugin.'),
        }),
      )
      .default([])
      .describe('Plugins that see each exchange, in this order.'),
  }),
)

/** Keys of a plugin's options that hold a level, wherever a plugin has them. */
const LEVEL_KEYS = ['level', 'mode']

/** Reads the `stacks` section with the plugins' own schemas. Plugins with a mistake are left out; the review holds it. */
export function readStacks(value: unknown, plugins: Components, review: Review): Stacks {
  const stacks = review.read(StacksOptions.default({}), value, ['stacks']) ?? {}
  return Object.fromEntries(
    Object.entries(stacks).map(([name, stack]) => {
      const list: Path = ['stacks', name, 'plugins']
      return [name, stack.plugins.flatMap(({ type, config }, index) => readPlugin(type, config, list, index))]
    }),
  )

  function readPlugin(type: string, config: unknown, list: Path, index: number): PluginConfig[] {
    const plugin = review.component('plugin', plugins, type, list, index)
    if (plugin === undefined) return []
    const path = [...list, index, 'config']
    const options = review.read(plugin.options, withCurrentLevels(config ?? {}, path), path)
    return options === undefined ? [] : [{ type, config: options }]
  }

  // `details` was the first name of the level `headers`.
  function withCurrentLevels(config: unknown, path: Path): unknown {
    if (typeof config !== 'object' || config === null || Array.isArray(config)) return config
    return Object.fromEntries(
      Object.entries(config).map(([key, level]) => {
        if (!LEVEL_KEYS.includes(key) || level !== 'details') return [key, level]
        review.advise([...path, key], '`details` is an old name, using `headers` instead')
        return [key, 'headers']
      }),
    )
  }
}
