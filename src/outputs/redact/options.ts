/** What is to be replaced wherever an exchange leaves the agent; no part of it is needed. */
export interface RedactOptions {
  /** Names of header fields, any case; `*` stands for any characters. */
  readonly headers: readonly string[]
  /** Names of URL parameters and of form fields, any case; `*` stands for any characters. */
  readonly query: readonly string[]
  /** As `readJsonPath` reads them. */
  readonly jsonPaths: readonly string[]
  /** As `readPattern` reads them. */
  readonly patterns: readonly string[]
  /** The names and forms under which credentials usually pass. */
  readonly credentials: boolean
  /** Stands for everything that is replaced, unless there is a key. */
  readonly replacement: string
  /** Makes tokens that are equal where the secrets are; undefined for none. */
  readonly key: string | undefined
}

export const NOTHING_REDACTED: RedactOptions = {
  headers: [],
  query: [],
  jsonPaths: [],
  patterns: [],
  credentials: false,
  replacement: '[REDACTED]',
  key: undefined,
}
