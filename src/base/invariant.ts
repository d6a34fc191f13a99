/**
 * States what must hold if the program has no bug. Never used on what came from the wire or from the
 * operator.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`)
}
