/**
 * What the operator can mend. `main.ts` prints it as one line (what and where, then what to do) and exits
 * with 1.
 * Thrown only before the agent says "ready".
 */
export class OperatorError extends Error {
  readonly code: string
  readonly hint: string

  constructor(code: string, message: string, hint: string) {
    super(message)
    this.name = 'OperatorError'
    this.code = code
    this.hint = hint
  }

  /** Both, the hint on a line of its own behind what is no sentence. */
  get text(): string {
    return `${this.message}${/[.?!]$/.test(this.message) ? ' ' : '\n'}${this.hint}`
  }
}
