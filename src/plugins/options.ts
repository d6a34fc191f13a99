import { z } from 'zod'
import { type Components, isMapping, type NotBuilt, type Path, type Review } from '../base/index.ts'

/**
 * One plugin of a stack as the operator wants it; `config` is what the plugin's own schema made of the file.
 */
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

const PluginOptions = z.object({
  type: z.string().describe('Which plugin.'),
  config: z.unknown().optional().describe('Options of the plugin; their schema stands beside the plugin.'),
})

const StackOptions = z.object({
  plugins: z.array(z.unknown()).default([]).describe('Plugins that see each exchange, in this order.'),
})

/**
 * Reads the `stacks` section with the plugins' own schemas. What has a mistake is left out; the review holds
 * it. Each part is read by itself, so that a mistake in one hides none in another.
 */
export function readStacks(value: unknown, plugins: Components, review: Review): Stacks {
  const stacks = review.read(z.record(z.string(), z.unknown()).default({}), value, ['stacks']) ?? {}
  return Object.fromEntries(Object.entries(stacks).map(([name, stack]) => [name, readStack(name, stack)]))

  function readStack(name: string, value: unknown): PluginConfig[] {
    const stack = review.read(StackOptions, value, ['stacks', name])
    const list = ['stacks', name, 'plugins']
    return (stack?.plugins ?? []).flatMap((plugin, index) => readPlugin(plugin, list, index))
  }

  function readPlugin(value: unknown, list: Path, index: number): PluginConfig[] {
    const entry = review.read(PluginOptions, value, [...list, index])
    if (entry === undefined) return []
    const plugin = review.component('plugin', plugins, entry.type, list, index)
    if (plugin === undefined) return []
    const path = [...list, index, 'config']
    const options = review.read(plugin.options, withCurrentLevel(entry.config ?? {}, path), path)
    return options === undefined ? [] : [{ type: entry.type, config: options }]
  }

  // `details` was the first name of the level `headers`.
  function withCurrentLevel(config: unknown, path: Path): unknown {
    if (!isMapping(config) || config['level'] !== 'details') return config
    review.advise([...path, 'level'], '`details` is an old name, using `headers` instead')
    return { ...config, level: 'headers' }
  }
}
