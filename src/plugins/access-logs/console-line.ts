import type { Completeness, Exchange } from '../../exchanges/index.ts'
import { printable, statusOf, statusText } from '../../outputs/index.ts'

// ECMA-48 §8.3.117 (SGR): foreground colours, and back to the default one.
const GREEN = '\u001b[32m'
const BLUE = '\u001b[34m'
const YELLOW = '\u001b[33m'
const RED = '\u001b[31m'
const WHITE = '\u001b[37m'
const DEFAULT_COLOUR = '\u001b[39m'
/** By the first digit of the status. */
const STATUS_COLOURS: readonly (string | undefined)[] = [undefined, undefined, GREEN, BLUE, YELLOW, RED]

const MARKS: Readonly<Record<Completeness, string>> = {
  complete: '',
  truncated: ' [truncated]',
  gap: ' [gap]',
  joined_late: ' [joined late]',
}

/** ` ■ curl → GET https://example.com/ 200 OK 12ms`: who asked or was asked, what, and what came of it. */
export function consoleLine(exchange: Exchange, colour: boolean): string {
  const { connection, request, durationMs, completeness } = exchange
  const binary = connection.process?.binary || '(unknown process)'
  const arrow = connection.role === 'client' ? '→' : '←'
  const sign = inStatusColour('■', exchange, colour)
  const asked = printable(`${binary} ${arrow} ${request.method} ${request.url}`)
  const took = durationMs === undefined ? '' : ` ${durationMs}ms`
  return ` ${sign} ${asked} ${statusWords(exchange, colour)}${took}${MARKS[completeness]}`
}

/** `200 OK`, coloured by its class. */
export function statusWords(exchange: Exchange, colour: boolean): string {
  const text = statusText(exchange)
  const words = text === '' ? String(statusOf(exchange)) : `${statusOf(exchange)} ${printable(text)}`
  return inStatusColour(words, exchange, colour)
}

function inStatusColour(text: string, exchange: Exchange, colour: boolean): string {
  if (!colour) return text
  return (STATUS_COLOURS[Math.floor(statusOf(exchange) / 100)] ?? WHITE) + text + DEFAULT_COLOUR
}
