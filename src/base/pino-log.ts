import { styleText } from 'node:util'
import { destination, pino } from 'pino'
import { systemClock } from './clock.ts'
import type { Log } from './log.ts'
import { OperatorError } from './operator-error.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogEncoding = 'console' | 'json'

export interface LogOptions {
  readonly level: LogLevel
  readonly encoding: LogEncoding
  /** Receives whole lines, newline included, one call a line. */
  write(line: string): void
  /** For `console` only. */
  readonly coloured?: boolean
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs?: () => number
}

const LEVELS: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  dpanic: 'error',
  panic: 'error',
  fatal: 'error',
}

const COLOURS = { debug: 'magenta', info: 'blue', warn: 'yellow', error: 'red' } as const

/** Keys that a line has by itself; a field of that name gets a `_` behind it. */
const OWN_KEYS = ['level', 'ts', 'message']

/** Reads `--log-level`. The three levels above `error` that older command lines name count as `error`. */
export function parseLogLevel(text: string): LogLevel {
  const level = Object.hasOwn(LEVELS, text.toLowerCase()) ? LEVELS[text.toLowerCase()] : undefined
  if (level !== undefined) return level
  throw new OperatorError('QTAP_LOG_LEVEL', `invalid log level "${text}".`, 'Use debug, info, warn or error.')
}

/**
 * A log that writes each line at once. `json`: one object with `level`, `ts` (seconds since 1970, with
 * fraction), `message` and the fields. `console`: `YYYY-MM-DD hh:mm:ss.mmm LEVEL message {fields}` in local
 * time. Bytes among the fields are written as their length, errors as their message.
 */
export function pinoLog(options: LogOptions): Log {
  const clock = systemClock(0)
  const nowMs = options.nowMs ?? (() => clock.nowMs())
  const coloured = options.coloured ?? false
  const toConsole = options.encoding === 'console'
  const stream = {
    write: (line: string) => options.write(toConsole ? consoleLine(line, coloured) : line),
  }
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"ts":${nowMs() / 1000}`,
      formatters: { level: (label) => ({ level: label }), log: printable },
    },
    stream,
  )
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  }
}

/**
 * Standard error, for `pinoLog`: written synchronously, so that nothing is lost when the process exits.
 * Nobody reading any more is no reason to stop: such lines go nowhere.
 */
export function standardError(environment: Readonly<Record<string, string | undefined>>): {
  write(line: string): void
  coloured: boolean
} {
  const stream = destination({ dest: 2, sync: true })
  stream.on('error', () => {})
  return {
    write: (line) => stream.write(line),
    coloured: process.stderr.isTTY === true && (environment['NO_COLOR'] ?? '') === '',
  }
}

function printable(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      OWN_KEYS.includes(key) ? `${key}_` : key,
      printableValue(value),
    ]),
  )
}

function printableValue(value: unknown): unknown {
  if (value instanceof Error) return value.message
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? `<${value.byteLength} bytes>` : value
}

function consoleLine(json: string, coloured: boolean): string {
  const { level, ts, message, ...fields }: Record<string, unknown> = JSON.parse(json)
  const time = localTime(Number(ts) * 1000)
  const label = String(level).toUpperCase()
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`
  if (!coloured) return `${time} ${label} ${String(message)}${rest}\n`
  return `${paint('gray', time)} ${paint(colourOf(level), label)} ${String(message)}${rest}\n`
}

function paint(colour: 'gray' | (typeof COLOURS)[LogLevel], text: string): string {
  return styleText(colour, text, { validateStream: false })
}

function colourOf(level: unknown): (typeof COLOURS)[LogLevel] {
  const known = typeof level === 'string' && Object.hasOwn(LEVELS, level) ? LEVELS[level] : undefined
  return COLOURS[known ?? 'info']
}

function localTime(epochMs: number): string {
  const at = new Date(Math.round(epochMs))
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${date} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

function two(count: number): string {
  return String(count).padStart(2, '0')
}
