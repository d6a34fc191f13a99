/** All series of one name, as both text formats tell of them. */
export interface Family {
  /** With `_total` where it is a counter. */
  readonly name: string
  /** `unknown`: nobody said which of the others it is. */
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'
  readonly help: string
  /** Whole lines, some at a time. */
  samples(): Iterable<string>
}
