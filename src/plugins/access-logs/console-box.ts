import type { Container } from '../../capture/index.ts'
import type { Header } from '../../decoders/index.ts'
import type { Body, Conversation, Exchange, Grpc } from '../../exchanges/index.ts'
import {
  bodyText,
  directionOf,
  headerValue,
  isPartial,
  printable,
  printableLines,
} from '../../outputs/index.ts'
import type { Terminal } from '../plugin.ts'
import { isBinaryType } from './binary-types.ts'
import { closeWords, messageLines } from './console-conversation.ts'
import { consoleLine, statusWords } from './console-line.ts'
import { sizeWords } from './sizes.ts'

const WIDTH_MAX = 50
const DIRECTIONS = {
  ingress: '← Ingress',
  'egress-internal': '→ Egress (internal)',
  'egress-external': '→ Egress (external)',
} as const

/** Several lines in a frame: the summary, the process, the network, the request, the response. */
export function consoleBox(exchange: Exchange, terminal: Terminal, withBodies: boolean): string {
  const { connection, request, response, protocol, grpc, conversation } = exchange
  const width = Math.max(10, Math.min(terminal.columns - 2, WIDTH_MAX))
  const lines = [`╭${'─'.repeat(width - 2)}┄`, `│${consoleLine(exchange, terminal.colour)}`]
  add('', 'Process', `  ${processWords(exchange)}`)
  add(...containerLines(connection.process?.container))
  add('', 'Network', `  ${DIRECTIONS[directionOf(connection)]}`)
  add(`  ↑ ${sizeWords(request.wireBytes)} sent   ↓ ${sizeWords(response?.wireBytes ?? 0)} received`)
  if (grpc !== undefined) callLines(grpc)
  section(`REQUEST ${protocol}`)
  add(printable(`${request.method} ${request.path}`))
  message(request.headers, request.trailers, request.body)
  section('RESPONSE')
  add(statusWords(exchange, terminal.colour))
  if (response !== undefined) message(response.headers, response.trailers, response.body)
  if (conversation !== undefined) conversationLines(conversation)
  lines.push(`╰${'─'.repeat(width - 2)}┄`)
  return lines.join('\n')

  function add(...texts: readonly string[]): void {
    for (const text of texts) lines.push(text === '' ? '│' : `│ ${text}`)
  }

  function section(title: string): void {
    const start = `├───╼ ${title} ╾──`
    lines.push('│', `${start}${'─'.repeat(Math.max(0, width - start.length - 1))}┄`)
  }

  function callLines(call: Grpc): void {
    const { service, method, status, statusName, message: said } = call
    add('', 'gRPC', printable(`  ${service}/${method}`))
    if (status !== undefined) add(printable(`  ${statusName} (${status})${said && `: ${said}`}`))
    add(`  ↑ ${messageWords(call, 'request')} sent   ↓ ${messageWords(call, 'response')} received`)
  }

  function conversationLines(said: Conversation): void {
    section('MESSAGES')
    if (withBodies) add(...messageLines(said), '')
    add(closeWords(said))
  }

  function message(headers: readonly Header[], trailers: readonly Header[], body: Body): void {
    for (const [name, value] of headers) {
      if (!name.startsWith(':')) add(printable(`• ${name}: ${value}`))
    }
    for (const [name, value] of trailers) add(printable(`• ${name}: ${value} (trailer)`))
    if (withBodies && conversation === undefined)
      add('', ...bodyLines(body, headerValue(headers, 'content-type') ?? ''))
  }
}

function messageWords(call: Grpc, side: 'request' | 'response'): string {
  const count = side === 'request' ? call.requestMessages : call.responseMessages
  const missed = side === 'request' ? call.requestMessagesMissed : call.responseMessagesMissed
  return `${missed ? 'at least ' : ''}${count} ${count === 1 ? 'message' : 'messages'}`
}

function processWords({ connection }: Exchange): string {
  const { process } = connection
  if (process === undefined) return '(unknown process)'
  const pid = process.pid < 0 ? '?' : process.pid
  return printable(`PID ${pid} @ ${process.exe || '(unknown executable)'}`)
}

/** As much as is known by now: the container's runtime may not have answered yet. */
function containerLines(container: Container | undefined): readonly string[] {
  if (container === undefined) return []
  const { id, facts } = container
  const { name, image, pod } = facts ?? {}
  const lines = [`  Container ${name ? `${name} (${id})` : id}`]
  if (image) lines.push(`  Image ${image}`)
  if (pod?.name) lines.push(`  Pod ${pod.name}`)
  if (pod?.namespace) lines.push(`  Namespace ${pod.namespace}`)
  return lines.map(printable)
}

function bodyLines(body: Body, contentType: string): readonly string[] {
  if (body.bytes.length === 0) {
    return body.wireBytes === 0 && !body.missing ? ['(empty)'] : ['(body was not captured)']
  }
  const text = isBinaryType(contentType) ? undefined : bodyText(body)
  if (text === undefined) return [`Body is in binary format (${printable(contentType) || 'unknown type'})`]
  const lines = printableLines(text).split('\n')
  if (lines.length > 1 && lines.at(-1) === '') lines.pop()
  if (isPartial(body)) lines.push(`(only the first ${sizeWords(body.bytes.length)} of the body)`)
  return lines
}
