import type { FrameLayout } from './frames.ts'
import type { Input } from './input.ts'

/** Something that reads what strangers wrote. */
export interface Target {
  /** Paths from the root whose blocks guide the search. */
  readonly covers: RegExp
  /** Ways of opening it; an input's `variant` is below this. */
  readonly variants: number
  /** What the format is made of, put where chance would not. */
  readonly tokens: readonly (string | Uint8Array)[]
  /** How long things say how long they are. */
  readonly frames?: FrameLayout
  /** There are no sides and no holes: all bytes count as one. */
  readonly plain?: boolean
  seeds(): Promise<readonly Input[]>
  /**
   * Runs once and looks at every rule. Throws a `Finding`, or what the code under test throws. What it adds
   * to `traits` tells inputs apart that run the same blocks.
   */
  check(input: Input, traits: Set<string>): void
  /** Runs once and looks at nothing: its time is measured. */
  feed(input: Input): void
}
