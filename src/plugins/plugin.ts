import type { z } from 'zod'
import type { Clock, Meter, Stats } from '../base/index.ts'
import type { Exchange, Heads, Progress } from '../exchanges/index.ts'
import type { Macros } from '../expressions/index.ts'
import type { Output, TagRules } from '../outputs/index.ts'

/** One plugin of a stack, at work. Synchronous: it is called on the way of every exchange. */
export interface Plugin {
  /** The exchange and all bytes in it are the plugin's to keep, but not to change. */
  exchange(exchange: Exchange): void
  /** Called for every 10 s that an exchange has been open; it comes out by `exchange` when it is over. */
  progress?(progress: Progress): void
  /**
   * Whether bodies must be kept for this plugin: of every exchange, of none, or as it says when a response
   * begins. What it says then must hold for the exchange too: bodies that it did not want are gone.
   */
  readonly wantsBodies: boolean | ((heads: Heads) => boolean)
  /**
   * What others of the same stack may see of an exchange; the first plugin that has it decides for all of
   * them. Rules see the exchange as it passed.
   */
  readonly redact?: ((exchange: Exchange) => Exchange) | undefined
  /** What it counts itself. */
  readonly stats?: Readonly<Stats> | undefined
}

/** Where console lines are read. */
export interface Terminal {
  readonly colour: boolean
  /** Characters in a line. */
  readonly columns: number
}

/** What a plugin may use of its surroundings. */
export interface PluginContext {
  readonly clock: Pick<Clock, 'bootEpochMs'>
  readonly terminal: Terminal
  readonly emit: (output: Output) => void
  /** For what users measure. */
  readonly meter: Meter
  /** What rules may call. */
  readonly macros: Macros
  /** Where the tags of a connection come from. */
  readonly tags: TagRules
  /** The exchange as it may be shown to anybody: what is redacted in this stack is gone from it. */
  readonly shown: (exchange: Exchange) => Exchange
  /**
   * Tells the operator about a setting that works, but not as written: while opening, and once a rule that
   * turns out later to be such a one.
   */
  readonly warn: (message: string) => void
}

/** A kind of plugin: a literal of this shape, listed in `registry.ts`. */
export interface PluginType<Schema extends z.ZodType = z.ZodType> {
  /** The word in the configuration. */
  readonly type: string
  readonly options: Schema
  /** `options` is what the schema made of the configuration. */
  open(options: z.output<Schema>, context: PluginContext): Plugin
}

/** Checks the literal's shape and keeps the type of its options. */
export function pluginType<Schema extends z.ZodType>(literal: PluginType<Schema>): PluginType<Schema> {
  return literal
}
