import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { wholeCharacters } from '../body-text.ts'
import { charsetOf, fromUtf16, toUtf16 } from './charset.ts'
import { contentKindOf, isJsonText } from './content-kind.ts'
import { eventsData, RECORD_SEPARATOR } from './event-stream.ts'
import { apart, type FoundBytes, replaceInBytes, replaceInText } from './found.ts'
import { decodedString, type JsonPlaces } from './json-places.ts'
import { JsonScan } from './json-scan.ts'
import { partsOf } from './multipart.ts'
import type { TextKind, TextSearch } from './text-search.ts'
import type { Surroundings, Tokens } from './tokens.ts'

/** A document in a string of a document, a form in a part of a form; what lies deeper is replaced. */
const NESTING_MAX = 4
const LINE_FEED = 0x0a
/** Of a part that is to be searched as it stands (RFC 2045 §6). */
const PLAIN_ENCODINGS: ReadonlySet<string> = new Set(['', '7bit', '8bit', 'binary'])

/** Replaces what is to be replaced in content of any kind. */
export class ContentRedactor {
  readonly #search: TextSearch
  readonly #places: JsonPlaces
  readonly #tokens: Tokens

  constructor(search: TextSearch, places: JsonPlaces, tokens: Tokens) {
    this.#search = search
    this.#places = places
    this.#tokens = tokens
  }

  /** Gives `bytes` itself where nothing is found. `cut` says that the content goes on, unseen. */
  redact(bytes: Uint8Array, contentType: string, cut: boolean, nesting = 0): Uint8Array {
    if (bytes.length === 0) return bytes
    if (nesting > NESTING_MAX) return this.withheld(bytes)
    const charset = charsetOf(bytes, contentType)
    if (charset === 'unreadable') return this.withheld(bytes)
    if (charset !== 'bytes') return this.#utf16(bytes, charset, contentType, cut, nesting)
    const kind = contentKindOf(bytes, contentType)
    switch (kind) {
      case 'json':
        return this.#text(this.#json(bytes, bytes, -1, cut, nesting), 'json string', cut)
      case 'json lines':
        return this.#text(this.#json(bytes, bytes, LINE_FEED, cut, nesting), 'json string', cut)
      case 'json sequence':
        return this.#text(this.#json(bytes, bytes, RECORD_SEPARATOR, cut, nesting), 'json string', cut)
      case 'events':
        return this.#text(this.#events(bytes, cut, nesting), 'json string', cut)
      case 'form':
        return this.#text(this.#form(bytes, cut, nesting), 'url', cut)
      case 'multipart':
        return this.#text(this.#multipart(bytes, contentType, cut, nesting), 'text', cut)
      case 'other':
        return this.#text(bytes, 'text', cut)
      default:
        return kind satisfies never
    }
  }

  /** A guess may be wrong: the bytes are searched as well. */
  #utf16(
    bytes: Uint8Array,
    charset: 'utf-16le' | 'utf-16be',
    contentType: string,
    cut: boolean,
    nesting: number,
  ): Uint8Array {
    const text = fromUtf16(bytes, charset)
    const redacted = this.redact(text, contentType.replace(/;.*/s, ''), cut, nesting + 1)
    return this.#text(redacted === text ? bytes : toUtf16(redacted, charset), 'text', cut)
  }

  /** A message of a conversation: one of text may hold JSON behind words of its own. */
  redactMessage(bytes: Uint8Array, isText: boolean, cut: boolean): Uint8Array {
    const holdsJson = isText && bytes.includes(0x7b)
    return this.redact(bytes, holdsJson ? 'application/json' : '', cut)
  }

  /** What cannot be searched. */
  withheld(bytes: Uint8Array): Uint8Array {
    return Buffer.from(
      this.#tokens(() => bytes, 'text'),
      'utf8',
    )
  }

  /** `shown` is what is scanned, every byte at its place in `bytes`. */
  #json(bytes: Uint8Array, shown: Uint8Array, reset: number, cut: boolean, nesting: number): Uint8Array {
    const founds: FoundBytes[] = []
    const onEscaped = (from: number, to: number) => {
      const replacement = this.#insideString(shown, from, to, cut && to === shown.length, nesting)
      if (replacement !== undefined) founds.push({ from, to, replacement })
    }
    const onValue = (from: number, to: number, isString: boolean) => {
      if (from === to) return
      const secret = () => (isString ? Buffer.from(decodedString(shown, from, to)) : shown.subarray(from, to))
      founds.push({ from, to, replacement: this.#tokens(secret, isString ? 'json string' : 'json value') })
    }
    new JsonScan(shown, this.#places, { onValue, onEscaped }, reset).run()
    return replaceInBytes(bytes, founds)
  }

  /** A string with escapes is searched as what it stands for; undefined where nothing is found. */
  #insideString(
    bytes: Uint8Array,
    from: number,
    to: number,
    cut: boolean,
    nesting: number,
  ): string | undefined {
    const { patterns, fields } = this.#search
    const mayBeJson = isJsonText(bytes, from)
    if (!mayBeJson && patterns === undefined && fields === undefined) return undefined
    const text = decodedString(bytes, from, to)
    if (!mayBeJson) {
      const redacted = this.#search.replaced(text, { encoding: 'utf8', surroundings: 'text', cut })
      return redacted === text ? undefined : jsonEscaped(redacted)
    }
    const inner = Buffer.from(text, 'utf8')
    const redacted = this.redact(inner, 'application/json', cut, nesting + 1)
    return redacted === inner ? undefined : jsonEscaped(Buffer.from(redacted).toString('utf8'))
  }

  #events(bytes: Uint8Array, cut: boolean, nesting: number): Uint8Array {
    return this.#json(bytes, eventsData(bytes), RECORD_SEPARATOR, cut, nesting)
  }

  #form(bytes: Uint8Array, cut: boolean, nesting: number): Uint8Array {
    const kind: TextKind = { encoding: 'latin1', surroundings: 'url', cut }
    const text = asBuffer(bytes).toString('latin1')
    const founds = this.#search.findFields(text, 0, kind, (decoded, isCut) =>
      this.isSuspect(decoded, isCut, nesting),
    )
    return replaceInBytes(bytes, founds)
  }

  /** Whether a decoded value of a field holds anything by itself. */
  isSuspect(decoded: string, cut: boolean, nesting = 0): boolean {
    if (!decoded.startsWith('{') && !decoded.startsWith('[')) return this.#search.holds(decoded, cut)
    const bytes = Buffer.from(decoded, 'utf8')
    return this.redact(bytes, 'application/json', cut, nesting + 1) !== bytes
  }

  #multipart(bytes: Uint8Array, contentType: string, cut: boolean, nesting: number): Uint8Array {
    const founds: FoundBytes[] = []
    for (const { name, contentType: type, encoding, from, to } of partsOf(bytes, contentType)) {
      const part = bytes.subarray(from, to)
      if (part.length === 0) continue
      if (this.#search.fields?.(name) === true) {
        founds.push({ from, to, replacement: this.#tokens(() => part, 'text') })
      } else {
        const redacted = PLAIN_ENCODINGS.has(encoding)
          ? this.redact(part, type, cut && to === bytes.length, nesting + 1)
          : this.withheld(part)
        if (redacted !== part) founds.push({ from, to, replacement: redacted })
      }
    }
    return replaceInBytes(bytes, founds)
  }

  /** Patterns and parameters, in UTF-8 or, where it is none, in the bytes as Latin-1. */
  #text(bytes: Uint8Array, surroundings: Surroundings, cut: boolean): Uint8Array {
    const { patterns, fields } = this.#search
    if (patterns === undefined && fields === undefined) return bytes
    const kept = cut ? wholeCharacters(bytes) : bytes
    const encoding = !isAscii(kept) && isUtf8(kept) ? 'utf8' : 'latin1'
    const text = asBuffer(encoding === 'utf8' ? kept : bytes).toString(encoding)
    const founds = apart(this.#search.find(text, { encoding, surroundings, cut }))
    return founds.length === 0 ? bytes : Buffer.from(replaceInText(text, founds), encoding)
  }
}

function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
