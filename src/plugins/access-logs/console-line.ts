import type { Completeness, Exchange, MessagesSoFar, Progress } from '../../exchanges/index.ts'
import { type Answer, printable, statusOf, statusText } from '../../outputs/index.ts'
import { conversationWords } from './console-conversation.ts'
import { sizeWords } from './sizes.ts'

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
  const { durationMs, completeness, conversation } = exchange
  const sign = inStatusColour('■', exchange, colour)
  const took = durationMs === undefined ? '' : ` ${durationMs}ms`
  const said = conversation === undefined ? '' : ` (${conversationWords(conversation)})`
  return ` ${sign} ${asked(exchange)} ${statusWords(exchange, colour)}${said}${took}${MARKS[completeness]}`
}

/** ` ■ curl → GET https://example.com/ 200 OK … 20 s, 14.2 KiB so far` */
export function progressLine(progress: Progress, colour: boolean): string {
  const { response, messages, startedAt, at, requestBytes, responseBytes } = progress
  const answer = { response }
  const sign = response === undefined ? '■' : inStatusColour('■', answer, colour)
  const status = response === undefined ? '' : ` ${statusWords(answer, colour)}`
  const facts = [`${Math.round((at - startedAt) / 1e9)} s`]
  if (response === undefined) facts.push('no response yet')
  if (response === undefined && requestBytes > 0) facts.push(`${sizeWords(requestBytes)} sent`)
  if (messages !== undefined) facts.push(messageWords(messages))
  if (response !== undefined) facts.push(`${sizeWords(responseBytes)} so far`)
  return ` ${sign} ${asked(progress)}${status} … ${facts.join(', ')}`
}

/** `↑ 1 ↓ ≥14 messages` */
function messageWords({ client, server }: MessagesSoFar): string {
  const sent = `↑ ${client.missed ? '≥' : ''}${client.count}`
  return `${sent} ↓ ${server.missed ? '≥' : ''}${server.count} messages`
}

function asked({ connection, request, grpc }: Exchange | Progress): string {
  const binary = connection.process?.binary || '(unknown process)'
  const arrow = connection.role === 'client' ? '→' : '←'
  return printable(`${binary} ${arrow} ${grpc === undefined ? request.method : 'gRPC'} ${request.url}`)
}

/** `200 OK`, coloured by its class. */
export function statusWords(answer: Answer, colour: boolean): string {
  const text = statusText(answer)
  const words = text === '' ? String(statusOf(answer)) : `${statusOf(answer)} ${printable(text)}`
  return inStatusColour(words, answer, colour)
}

function inStatusColour(text: string, answer: Answer, colour: boolean): string {
  if (!colour) return text
  return (STATUS_COLOURS[Math.floor(statusOf(answer) / 100)] ?? WHITE) + text + DEFAULT_COLOUR
}
