import { invariant, type Log, type Source, type Stats, source } from '../base/index.ts'
import type { Exchange, Heads, Progress } from '../exchanges/index.ts'
import { compileMacros, type MacroDefinition } from '../expressions/index.ts'
import type { Output, TagRules } from '../outputs/index.ts'
import type { PluginConfig, Stacks } from './options.ts'
import type { Plugin, PluginContext, PluginType } from './plugin.ts'
import { PLUGINS } from './registry.ts'
import { openRouter, type Router, type Routes } from './routing.ts'

/** Everything in the configuration that decides what is made of exchanges. */
export interface Processing {
  readonly tap: Routes
  readonly stacks: Stacks
  readonly macros: readonly MacroDefinition[]
  readonly tags: TagRules
}

export interface PluginOutputs extends Source<Output> {
  /** Whether anybody looks at bodies; a function is asked when a response begins. */
  wantsBodies(): boolean | ((heads: Heads) => boolean)
  /** False when no exchange can lead to an output. */
  leadsAnywhere(): boolean
  /** What the plugins count themselves, by their type; those of one type are added up. */
  pluginStats(): Readonly<Record<string, Readonly<Stats>>>
  /** What ends from now on is seen by these stacks. Throws nothing: a configuration that was read can run. */
  reconfigure(processing: Processing): void
}

/** Exchanges that are over, and progress of those that are not. */
export interface PluginInputs extends Source<Exchange> {
  readonly progress?: Source<Progress>
}

type Surroundings = Pick<PluginContext, 'clock' | 'terminal' | 'meter' | 'warn'> & { readonly log: Log }

interface OpenedPlugin {
  readonly type: string
  readonly plugin: Plugin
  failed: boolean
}

/** The plugins of one stack, at work. */
interface OpenedStack {
  readonly plugins: readonly OpenedPlugin[]
  /** False when none of them ever wants bodies, true when one always does. */
  readonly wantsBodies: boolean | undefined
}

/** What one configuration came to. */
interface Opened {
  readonly stacks: ReadonlyMap<string, OpenedStack>
  readonly router: Router
}

/**
 * Opens the plugins of every stack, and gives each exchange and all progress to those of the stack that it is
 * routed to, in the stack's order.
 * A plugin that throws has a bug: it loses its output for that exchange, the others do not.
 */
export function runPlugins(
  exchanges: PluginInputs,
  processing: Processing,
  surroundings: Surroundings,
  types: Readonly<Record<string, PluginType>> = PLUGINS,
): PluginOutputs {
  const { log } = surroundings
  const stats = noStats()
  const outputs = source<Output>(stats)
  const unknownStacks = new Set<string>()
  let opened = open(processing)
  exchanges.listen(onExchange)
  exchanges.progress?.listen(onProgress)
  return {
    stats,
    listen: (listener) => outputs.listen(listener),
    wantsBodies,
    pluginStats,
    leadsAnywhere: () => opened.router.leadsAnywhere,
    reconfigure(next) {
      opened = open(next)
    },
  }

  function open({ tap, stacks, macros, tags }: Processing): Opened {
    const compiled = compileMacros(macros).macros
    const known = new Map(
      Object.entries(stacks).map(([name, stack]) => [name, openStack(stack, { macros: compiled, tags })]),
    )
    return { stacks: known, router: openRouter(tap, (name) => known.has(name), onUnknownStack) }
  }

  function openStack(
    stack: readonly PluginConfig[],
    own: Pick<PluginContext, 'macros' | 'tags'>,
  ): OpenedStack {
    const view = openView()
    const context: PluginContext = { ...surroundings, ...own, emit, shown: view.shown }
    const plugins = stack.map(({ type, config }): OpenedPlugin => {
      const kind = types[type]
      invariant(kind !== undefined, 'a configuration that was read names only known plugins')
      return { type, plugin: kind.open(config, context), failed: false }
    })
    view.through(plugins.find(({ plugin }) => plugin.redact !== undefined)?.plugin.redact)
    return { plugins, wantsBodies: wantsOf(plugins) }
  }

  function onUnknownStack(name: string): void {
    stats.unknownStacks += 1
    if (unknownStacks.has(name) || unknownStacks.size >= UNKNOWN_STACKS_MAX) return
    unknownStacks.add(name)
    log.warn('a pod asks for a stack that does not exist', { stack: name })
  }

  function stackFor(heads: Heads): OpenedStack | undefined {
    const name = opened.router.stackFor(heads)
    return name === undefined ? undefined : opened.stacks.get(name)
  }

  function pluginStats(): Readonly<Record<string, Readonly<Stats>>> {
    const sums: Record<string, Stats> = {}
    for (const { plugins } of opened.stacks.values())
      for (const { type, plugin } of plugins) {
        const sum = sums[type] ?? {}
        sums[type] = sum
        for (const [name, count] of Object.entries(plugin.stats ?? {})) sum[name] = (sum[name] ?? 0) + count
      }
    return sums
  }

  function wantsBodies(): boolean | ((heads: Heads) => boolean) {
    const all = Array.from(opened.stacks.values(), (stack) => stack.wantsBodies)
    if (all.every((wants) => wants === false)) return false
    return wantsBodiesOf
  }

  function wantsBodiesOf(heads: Heads): boolean {
    // Which stack a pod asks for is not known before its runtime has answered.
    if (heads.connection.process?.container?.state === 'pending') return true
    const stack = stackFor(heads)
    if (stack === undefined) return false
    if (stack.wantsBodies !== undefined) return stack.wantsBodies
    return stack.plugins.some((one) => wantsOne(one, heads))
  }

  function wantsOne(one: OpenedPlugin, heads: Heads): boolean {
    const { wantsBodies: wants } = one.plugin
    if (typeof wants === 'boolean') return wants
    try {
      return wants(heads)
    } catch (error) {
      onFailure(one, error)
      return true
    }
  }

  function onExchange(exchange: Exchange): void {
    stats.exchanges += 1
    const stack = stackFor(exchange)
    if (stack === undefined) {
      stats.withoutStack += 1
      return
    }
    for (const one of stack.plugins) {
      try {
        one.plugin.exchange(exchange)
      } catch (error) {
        onFailure(one, error)
      }
    }
  }

  function onProgress(progress: Progress): void {
    stats.progress += 1
    for (const one of stackFor(progress)?.plugins ?? []) {
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

/** Pods may ask for anything: so many names are told of. */
const UNKNOWN_STACKS_MAX = 100

function noStats() {
  return {
    exchanges: 0,
    /** Of connections that no stack is for. */
    withoutStack: 0,
    /** Pods' wishes that could not be met. */
    unknownStacks: 0,
    progress: 0,
    artifacts: 0,
    texts: 0,
    events: 0,
    failures: 0,
  } satisfies Stats
}

function wantsOf(plugins: readonly OpenedPlugin[]): boolean | undefined {
  if (plugins.some(({ plugin }) => plugin.wantsBodies === true)) return true
  return plugins.every(({ plugin }) => plugin.wantsBodies === false) ? false : undefined
}

/** What the plugins of a stack may show of an exchange; kept for the next of them that asks. */
function openView() {
  let redact: ((exchange: Exchange) => Exchange) | undefined
  let last: { readonly exchange: Exchange; readonly shown: Exchange } | undefined
  return { through, shown }

  function through(redaction: typeof redact): void {
    redact = redaction
  }

  function shown(exchange: Exchange): Exchange {
    if (redact === undefined) return exchange
    if (last?.exchange !== exchange) last = { exchange, shown: redact(exchange) }
    return last.shown
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
