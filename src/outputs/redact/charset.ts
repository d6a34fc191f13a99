import { Buffer } from 'node:buffer'

/** How the bytes of a text are to be read; `unreadable` when it cannot be searched. */
export type Charset = 'bytes' | 'utf-16le' | 'utf-16be' | 'unreadable'

/** In these ASCII stands for itself, so that what is searched for is found in the bytes. */
const LIKE_ASCII = new RegExp(
  `^(?:${[
    'utf-?8|(?:us-)?ascii|ansi_x3\\.4-1968|iso[-_]?8859[-_]\\d+|latin-?\\d|l\\d|windows-\\d+|cp125\\d',
    'koi8-\\w+|mac\\w*|tis-620|euc-\\w+|gb2312|gbk|gb18030|big5(?:-hkscs)?|shift[-_]?jis|x-sjis|ms932',
    'binary|none|default',
  ].join('|')})$`,
)
const UTF16 = /^(?:utf-?16(le|be)?|ucs-2|iso-10646-ucs-2|unicode)$/
const PARAMETER = /;\s*charset\s*=\s*["']?\s*([^\s"';]+)/i

/** By the mark at the beginning, by what the content type says, else by the zeros that ASCII leaves. */
export function charsetOf(bytes: Uint8Array, contentType: string): Charset {
  const [first, second, third, fourth] = bytes
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? 'unreadable' : 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  const named = PARAMETER.exec(contentType)?.[1]?.toLowerCase()
  const utf16 = named === undefined ? null : UTF16.exec(named)
  if (named !== undefined && utf16 === null) return LIKE_ASCII.test(named) ? 'bytes' : 'unreadable'
  if (utf16?.[1] !== undefined) return utf16[1] === 'le' ? 'utf-16le' : 'utf-16be'
  if (isAscii(first) && second === 0 && isAscii(third) && fourth === 0) return 'utf-16le'
  if (first === 0 && isAscii(second) && third === 0 && isAscii(fourth)) return 'utf-16be'
  // RFC 2781 §4.3: without a mark it is big-endian.
  return utf16 === null ? 'bytes' : 'utf-16be'
}

function isAscii(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x09 && byte < 0x7f
}

/** The same text in UTF-8; half a character at the end is left out. */
export function fromUtf16(bytes: Uint8Array, charset: 'utf-16le' | 'utf-16be'): Uint8Array {
  return Buffer.from(swapped(bytes, charset).toString('utf16le'), 'utf8')
}

export function toUtf16(utf8: Uint8Array, charset: 'utf-16le' | 'utf-16be'): Uint8Array {
  const text = Buffer.from(utf8.buffer, utf8.byteOffset, utf8.length).toString('utf8')
  return swapped(Buffer.from(text, 'utf16le'), charset)
}

/** A copy, of an even length, with the bytes of each pair in the order of Node.js. */
function swapped(bytes: Uint8Array, charset: 'utf-16le' | 'utf-16be'): Buffer {
  const even = Buffer.from(bytes.subarray(0, bytes.length & ~1))
  return charset === 'utf-16le' ? even : even.swap16()
}
