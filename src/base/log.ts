/** Values that may stand in a log line. Captured bytes render as their length. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * Messages are static text; what varies goes into fields. Goes to standard error, never to standard output.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Says nothing: for replays and tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
