/** True for a plain tree node that is neither a list nor a scalar. */
export function isMapping(part: unknown): part is Record<string, unknown> {
  return typeof part === 'object' && part !== null && !Array.isArray(part)
}
