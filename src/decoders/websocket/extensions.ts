import type { Side } from '../../connections/index.ts'
import type { Header } from '../message.ts'

/** What client and server agreed to do to the frames (RFC 6455 §9.1). */
export interface Agreement {
  /**
   * `unknown`: an extension that is not known here, or one that is and says what it may not: what data
   * frames hold then, nobody but the two can say.
   */
  readonly coding: 'none' | 'deflate' | 'unknown'
  /** How much of what a side said before its compressed messages may point back to; 0 for nothing. */
  readonly contextBytes: Readonly<Record<Side, number>>
}

interface Extension {
  readonly name: string
  readonly parameters: readonly Parameter[]
}

type Parameter = readonly [name: string, value: string | undefined]

const TOKEN = "[!#$%&'*+\\-.^_`|~\\w]+"
const NAME = new RegExp(`[ \\t]*(${TOKEN})[ \\t]*`, 'y')
const PARAMETER = new RegExp(
  `;[ \\t]*(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*`,
  'y',
)
const SEPARATOR = /[ \t]*(?:,|$)/y

/** RFC 7692 §7.1.2.1: the decimal exponent of a window of 256 bytes to 32 KiB. */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/
const WINDOW_BITS_MAX = 15
/** zlib makes a window of this size where 8 was agreed on. */
const WINDOW_BITS_MIN = 9

const NONE: Agreement = { coding: 'none', contextBytes: { client: 0, server: 0 } }
const UNKNOWN: Agreement = { ...NONE, coding: 'unknown' }

/** Reads the response's Sec-WebSocket-Extensions: what was offered and not answered does not count. */
export function readAgreement(responseHeaders: readonly Header[]): Agreement {
  const values = responseHeaders
    .filter(([name]) => name.toLowerCase() === 'sec-websocket-extensions')
    .map(([, value]) => value)
  const extensions = readExtensions(values.join(','))
  if (extensions === undefined) return UNKNOWN
  const [extension] = extensions
  if (extension === undefined) return NONE
  if (extensions.length > 1 || extension.name !== 'permessage-deflate') return UNKNOWN
  return readDeflate(extension.parameters) ?? UNKNOWN
}

/** RFC 6455 §9.1; undefined when the list is malformed. */
function readExtensions(list: string): readonly Extension[] | undefined {
  const extensions: Extension[] = []
  let at = 0
  while (at < list.length) {
    const named = matchAt(NAME, list, at)
    if (named !== undefined) {
      at += named[0].length
      const parameters: Parameter[] = []
      for (let next = matchAt(PARAMETER, list, at); next; next = matchAt(PARAMETER, list, at)) {
        const [text, name = '', token, quoted] = next
        at += text.length
        parameters.push([name.toLowerCase(), token ?? quoted?.replaceAll(/\\(.)/g, '$1')])
      }
      extensions.push({ name: named[1]?.toLowerCase() ?? '', parameters })
    }
    // RFC 9110 §5.6.1.2: a list may have empty elements.
    const separator = matchAt(SEPARATOR, list, at)
    if (separator === undefined) return undefined
    at += Math.max(1, separator[0].length)
  }
  return extensions
}

/** RFC 7692 §7.1: undefined for parameters on which a client must fail the connection. */
function readDeflate(parameters: readonly Parameter[]): Agreement | undefined {
  const named = new Map(parameters)
  if (named.size < parameters.length) return undefined
  for (const [name, value] of parameters) {
    const isWindow = name === 'server_max_window_bits' || name === 'client_max_window_bits'
    const isTakeover = name === 'server_no_context_takeover' || name === 'client_no_context_takeover'
    if (isWindow ? !WINDOW_BITS.test(value ?? '') : !isTakeover || value !== undefined) return undefined
  }
  return {
    coding: 'deflate',
    contextBytes: { client: contextBytesOf('client'), server: contextBytesOf('server') },
  }

  function contextBytesOf(side: Side): number {
    if (named.has(`${side}_no_context_takeover`)) return 0
    const bits = Number(named.get(`${side}_max_window_bits`) ?? WINDOW_BITS_MAX)
    return 1 << Math.max(WINDOW_BITS_MIN, bits)
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}
