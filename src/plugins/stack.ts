import { invariant, type Log, type Source, source } from '../base/index.ts'
import type { Exchange, Progress } from '../exchanges/index.ts'
import type { Output } from '../outputs/index.ts'
import type { PluginConfig } from './options.ts'
import type { Plugin, PluginContext, PluginType } from './plugin.ts'
import { PLUGINS } from './registry.ts'

export interface PluginOutputs extends Source<Output> {
  /** False when no plugin of the stack looks at bodies. */
  readonly wantsBodies: boolean
}

interface OpenedPlugin {
  readonly type: string
  readonly plugin: Plugin
  failed: boolean
}

/** Exchanges that are over, and progress of those that are not. */
export interface PluginInputs extends Source<Exchange> {
  readonly progress?: Source<Progress>
}

/**
 * Opens the plugins of a stack and gives them every exchange and all progress, in the stack's order.
 * A plugin that throws has a bug: it loses its output for that exchange, the others do not.
 */
export function runPlugins(
  exchanges: PluginInputs,
  stack: readonly PluginConfig[],
  surroundings: Omit<PluginContext, 'emit'> & { readonly log: Log },
  types: Readonly<Record<string, PluginType>> = PLUGINS,
): PluginOutputs {
  const { log } = surroundings
  const stats = { exchanges: 0, progress: 0, artifacts: 0, texts: 0, events: 0, failures: 0 }
  const outputs = source<Output>(stats)
  const context: PluginContext = { ...surroundings, emit }
  const opened = stack.map(open)
  exchanges.listen(onExchange)
  if (opened.some(({ plugin }) => plugin.progress !== undefined)) exchanges.progress?.listen(onProgress)
  return {
    stats,
    listen: (listener) => outputs.listen(listener),
    wantsBodies: opened.some(({ plugin }) => plugin.wantsBodies),
  }

  function open({ type, config }: PluginConfig): OpenedPlugin {
    const kind = types[type]
    invariant(kind !== undefined, 'a configuration that was read names only known plugins')
    return { type, plugin: kind.open(config, context), failed: false }
  }

  function onExchange(exchange: Exchange): void {
    stats.exchanges += 1
    for (const one of opened) {
      try {
        one.plugin.exchange(exchange)
      } catch (error) {
        onFailure(one, error)
      }
    }
  }

  function onProgress(progress: Progress): void {
    stats.progress += 1
    for (const one of opened) {
      try {
        one.plugin.progress?.(progress)
      } catch (error) {
        onFailure(one, error)
      }
    }
  }

  function onFailure(one: OpenedPlugin, error: unknown): void {
    stats.failures += 1
    if (one.failed) return
    one.failed = true
    log.error('a plugin failed: its output for this exchange is lost', {
      plugin: one.type,
      ...placeOf(error),
    })
  }

  function emit(output: Output): void {
    if (output.kind === 'text') stats.texts += 1
    else if (output.kind === 'artifact') stats.artifacts += 1
    else stats.events += 1
    outputs.emit(output)
  }
}

/** Where an error was thrown. Its message is left out: it may quote captured bytes. */
function placeOf(error: unknown): { readonly error: string; readonly at: string | undefined } {
  if (!(error instanceof Error)) return { error: typeof error, at: undefined }
  const { stack = '', message } = error
  const frames = stack.slice(stack.indexOf(message) + message.length)
  const at = frames.split('\n').find((line) => line.startsWith('    at '))
  return { error: error.name, at: at?.trim() }
}
