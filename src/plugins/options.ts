import { z } from 'zod'
import { type Components, isMapping, nearest, type Path, type Review } from '../base/index.ts'
import type { ExpressionCheck } from './expression-check.ts'

/**
 * One plugin of a stack as the operator wants it; `config` is what the plugin's own schema made of the file.
 */
export interface PluginConfig {
  readonly type: string
  readonly config: unknown
}

/** Stacks by name; the plugins of each in the order they run. */
export type Stacks = Readonly<Record<string, readonly PluginConfig[]>>

/** Documented plugins that this version does not have. Deleting a line is all when one is built. */
export const PLUGINS_NOT_BUILT: Components = {
  dlp: notBuilt('dlp'),
  llm: notBuilt('llm'),
  logger: notBuilt('logger'),
  qscan: notBuilt('qscan'),
}

export const PluginOptions = z.object({
  type: z.string().describe('Which plugin.'),
  config: z.unknown().optional().describe('Options of the plugin.'),
})

export const StackOptions = z.object({
  plugins: z.array(z.unknown()).default([]).describe('Plugins that see each exchange, in this order.'),
})

/** What plugins are checked against besides their own schemas. */
export interface StackSurroundings {
  readonly plugins: Components
  /** `id` of each object store of the file. */
  readonly objectStores: readonly string[]
  readonly checkExpression: ExpressionCheck
}

/**
 * Reads the `stacks` section with the plugins' own schemas. What has a mistake is left out; the review holds
 * it. Each part is read by itself, so that a mistake in one hides none in another.
 */
export function readStacks(
  value: unknown,
  { plugins, objectStores, checkExpression }: StackSurroundings,
  review: Review,
): Stacks {
  const stacks = review.read(z.record(z.string(), z.unknown()).default({}), value, ['stacks']) ?? {}
  return Object.fromEntries(Object.entries(stacks).map(([name, stack]) => [name, readStack(name, stack)]))

  function readStack(name: string, value: unknown): PluginConfig[] {
    const stack = review.read(StackOptions, value, ['stacks', name])
    const list = ['stacks', name, 'plugins']
    return (stack?.plugins ?? []).flatMap((plugin, index) => readPlugin(plugin, [...list, index]))
  }

  function readPlugin(value: unknown, path: Path): PluginConfig[] {
    const entry = review.read(PluginOptions, value, path)
    if (entry === undefined) return []
    const { type } = entry
    const plugin = Object.values(plugins).find((one) => one.type === type)
    const at = [...path, 'config']
    if (plugin === undefined) {
      leaveOut(type, value, path)
      return []
    }
    const config = review.read(plugin.options, withCurrentLevels(entry.config ?? {}, at), at)
    if (config === undefined) {
      // A mistake beside them hides none in the rules.
      withUsableRules(entry.config, at)
      return []
    }
    checkObjectStores(config, at)
    return [{ type, config: withUsableRules(config, at) }]
  }

  function leaveOut(type: string, value: unknown, path: Path): void {
    if (Object.hasOwn(PLUGINS_NOT_BUILT, type)) return review.ignore(value, path, type)
    const types = [...Object.values(plugins), ...Object.values(PLUGINS_NOT_BUILT)].map((one) => one.type)
    const message = `plugin not found: "${type}"`
    review.warn([...path, 'type'], { message, suggestion: nearest(type, types) })
  }

  /** Without the rules whose expression is none: they match nothing. */
  function withUsableRules(config: unknown, path: Path): unknown {
    if (!isMapping(config)) return config
    const usable = Object.entries(config).map(([key, part]): [string, unknown] => [
      key,
      usableIn(part, [...path, key]),
    ])
    return Object.fromEntries(usable)
  }

  function usableIn(part: unknown, path: Path): unknown {
    if (Array.isArray(part)) {
      return part.filter((item: unknown, index) => isUsable(item, [...path, index]))
    }
    isUsable(part, path)
    return part
  }

  function isUsable(rule: unknown, path: Path): boolean {
    const text = isMapping(rule) ? rule['expr'] : undefined
    return typeof text !== 'string' || checkExpression(text, [...path, 'expr'])
  }

  function checkObjectStores(config: unknown, path: Path): void {
    const store = isMapping(config) ? config['object_store'] : undefined
    const id: unknown = isMapping(store) ? store['id'] : undefined
    const at = [...path, 'object_store', 'id']
    if (typeof id === 'string') checkObjectStore(id, at)
    if (!Array.isArray(id)) return
    for (const [index, one] of id.entries()) checkObjectStore(String(one), [...at, index])
  }

  function checkObjectStore(id: string, path: Path): void {
    if (id === '' || objectStores.includes(id)) return
    review.warn(path, {
      message: `there is no object store of id "${id}"`,
      suggestion: nearest(id, objectStores),
    })
  }

  // `details` was the first name of the level `headers`.
  function withCurrentLevels(config: unknown, path: Path): unknown {
    if (!isMapping(config)) return config
    const { rules } = config
    const current = withCurrentLevel(config, path)
    if (!Array.isArray(rules)) return current
    const levelled = rules.map((rule: unknown, index) =>
      isMapping(rule) ? withCurrentLevel(rule, [...path, 'rules', index]) : rule,
    )
    return { ...current, rules: levelled }
  }

  function withCurrentLevel(part: Record<string, unknown>, path: Path): Record<string, unknown> {
    if (part['level'] !== 'details') return part
    review.advise([...path, 'level'], '`details` is an old name, using `headers` instead')
    return { ...part, level: 'headers' }
  }
}

function notBuilt(type: string): Components[string] {
  return { type, options: z.looseObject({}).describe('Not built yet, and ignored.') }
}
