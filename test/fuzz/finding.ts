/** A rule that the code under test broke. */
export class Finding extends Error {
  readonly rule: string

  constructor(rule: string, details: string) {
    super(`${rule}: ${details}`)
    this.rule = rule
  }
}

/** Two findings of one signature are taken to be one mistake. */
export function signatureOf(error: unknown): string {
  if (error instanceof Finding) return error.rule
  if (!(error instanceof Error)) return String(error)
  const frame = /\/src\/(\S+?):(\d+):\d+\)?$/m.exec(error.stack ?? '')
  return `throws ${error.name} at ${frame ? `${frame[1]}:${frame[2]}` : 'an unknown place'}`
}

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
