import type { z } from 'zod'
import type { Clock } from '../base/index.ts'
import type { Exchange, Progress } from '../exchanges/index.ts'
import type { Output } from '../outputs/index.ts'

/** One plugin of a stack, at work. Synchronous: it is called on the way of every exchange. */
export interface Plugin {
  /** The exchange and all bytes in it are the plugin's to keep, but not to change. */
  exchange(exchange: Exchange): void
  /** Called for every 10 s that an exchange has been open; it comes out by `exchange` when it is over. */
  progress?(progress: Progress): void
  /** False when bodies need not be kept for this plugin. */
  readonly wantsBodies: boolean
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
  /** Tells the operator about a setting that works, but not as written. Only while opening. */
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
