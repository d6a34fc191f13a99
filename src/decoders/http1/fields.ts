import type { Header } from '../message.ts'
import {
  LENGTH_NOT_A_NUMBER,
  LENGTH_OVERFLOWS,
  LENGTHS_DIFFER,
  SEVERAL_HOSTS,
  TAB_IN_FRAMING,
} from './ambiguities.ts'
import { COLON, CR, HTAB, IS_TOKEN, IS_VALUE, isDigit, LF, SP, trimmed } from './characters.ts'
import { type Head, MORE } from './head.ts'
import { knownName, type Meaning, meaningOf } from './known-names.ts'
import { readOddLine } from './odd-line.ts'

/** In place of a name's end: the line needs to be looked at as a whole. */
const ODD = -1

/**
 * RFC 9112 §5: finds the fields from `at` up to a blank line. Gives the place behind it, or `MORE` when
 * there is none before `limit`. What was found is read by `takeFields`.
 */
export function findFields(input: Uint8Array, at: number, limit: number, head: Head): number {
  // What is imported is looked up each time it is named.
  const isToken = IS_TOKEN
  const isValue = IS_VALUE
  let begin = at
  for (;;) {
    let nameEnd = begin
    while (nameEnd < limit && isToken[input[nameEnd] ?? 0] === 1) nameEnd += 1
    if (nameEnd === limit) return MORE
    const after = input[nameEnd]
    if (nameEnd === begin && (after === CR || after === LF)) {
      if (after === LF) return begin + 1
      if (begin + 1 === limit) return MORE
      if (input[begin + 1] === LF) return begin + 2
    }
    let next = 0
    if (after === COLON && nameEnd > begin) {
      let valueBegin = nameEnd + 1
      while (valueBegin < limit && isBlank(input[valueBegin])) valueBegin += 1
      let valueEnd = valueBegin
      while (valueEnd < limit && isValue[input[valueEnd] ?? 0] === 1) valueEnd += 1
      next = lineEndBehind(input, valueEnd, limit)
      if (next > 0) addSpan(head, begin, nameEnd, valueBegin, valueEnd)
    }
    if (next === 0) {
      next = wholeLineEnd(input, nameEnd, limit)
      if (next > 0) addSpan(head, begin, ODD, next - 1, 0)
    }
    if (next === MORE) return MORE
    begin = next
  }
}

/**
 * Reads the fields that were found. `text` is that of the bytes from `textBegin` on, as far as the fields
 * go.
 */
export function takeFields(input: Uint8Array, text: string, textBegin: number, head: Head): void {
  const headers: Header[] = []
  head.headers = headers
  const { spans, spansLength } = head
  for (let at = 0; at < spansLength; at += 4) {
    const begin = spans[at] ?? 0
    const nameEnd = spans[at + 1] ?? 0
    const valueBegin = spans[at + 2] ?? 0
    if (nameEnd === ODD) {
      takeOddLine(text.slice(begin - textBegin, valueBegin - textBegin), head)
      continue
    }
    const spanEnd = spans[at + 3] ?? 0
    const valueEnd = trimmedEnd(input, valueBegin, spanEnd)
    const known = knownName(input, begin, nameEnd)
    const name = known === undefined ? text.slice(begin - textBegin, nameEnd - textBegin) : known.name
    const value = text.slice(valueBegin - textBegin, valueEnd - textBegin)
    headers.push([name, value])
    const meaning = known === undefined ? meaningOf(name) : known.meaning
    if (meaning === undefined) continue
    noteField(head, meaning, value)
    if (isFraming(meaning) && (hasTab(input, nameEnd, valueBegin) || hasTab(input, valueEnd, spanEnd)))
      head.doubts |= TAB_IN_FRAMING
  }
}

/** The place behind the line that ends at `at`; 0 when it does not end there, or goes on in the next one. */
function lineEndBehind(input: Uint8Array, at: number, limit: number): number {
  let next = at
  if (input[next] === CR) next += 1
  if (next >= limit) return MORE
  if (input[next] !== LF) return 0
  next += 1
  if (next >= limit) return MORE
  return isBlank(input[next]) ? 0 : next
}

/** The place behind the line that goes on at `at`, with the lines that continue it (obs-fold). */
function wholeLineEnd(input: Uint8Array, at: number, limit: number): number {
  let end = at
  for (;;) {
    const found = input.indexOf(LF, end)
    if (found === -1 || found + 1 >= limit) return MORE
    end = found + 1
    if (!isBlank(input[end])) return end
  }
}

function addSpan(head: Head, begin: number, nameEnd: number, valueBegin: number, valueEnd: number): void {
  const at = head.spansLength
  if (at === head.spans.length) {
    const larger = new Int32Array(at * 2)
    larger.set(head.spans)
    head.spans = larger
  }
  const { spans } = head
  spans[at] = begin
  spans[at + 1] = nameEnd
  spans[at + 2] = valueBegin
  spans[at + 3] = valueEnd
  head.spansLength = at + 4
}

function takeOddLine(line: string, head: Head): void {
  const header = readOddLine(line, head)
  if (header === undefined) return
  head.headers.push(header)
  const meaning = meaningOf(header[0])
  if (meaning === undefined) return
  noteField(head, meaning, header[1])
  if (isFraming(meaning) && line.includes('\t')) head.doubts |= TAB_IN_FRAMING
}

function isFraming(meaning: Meaning): boolean {
  return meaning === 'length' || meaning === 'coding'
}

function noteField(head: Head, meaning: Meaning, value: string): void {
  switch (meaning) {
    case 'length':
      noteLength(head, value)
      return
    case 'coding':
      head.transferEncoding = joined(head.hasCoding, head.transferEncoding, value)
      head.hasCoding = true
      return
    case 'expect':
      head.expectsContinue = value.toLowerCase() === '100-continue'
      return
    case 'host':
      if (head.hostFields > 0) head.doubts |= SEVERAL_HOSTS
      else head.host = value
      head.hostFields += 1
      return
    case 'upgrade':
      head.upgrade = joined(head.upgrade !== '', head.upgrade, value)
      return
    default:
      meaning satisfies never
  }
}

function joined(more: boolean, before: string, value: string): string {
  return more ? `${before},${value.toLowerCase()}` : value.toLowerCase()
}

/** RFC 9112 §6.3 case 5: `5, 5` means 5; anything else that is not digits means nothing. */
function noteLength(head: Head, value: string): void {
  if (!value.includes(',')) {
    noteOneLength(head, value)
    return
  }
  for (const item of value.split(',')) noteOneLength(head, trimmed(item))
}

function noteOneLength(head: Head, digits: string): void {
  const length = numberOf(digits)
  if (Number.isNaN(length)) head.doubts |= LENGTH_NOT_A_NUMBER
  else if (length > Number.MAX_SAFE_INTEGER) head.doubts |= LENGTH_OVERFLOWS
  else if (head.contentLength === -1) {
    head.contentLength = length
    return
  } else if (head.contentLength === length) return
  else if (!Number.isNaN(head.contentLength)) head.doubts |= LENGTHS_DIFFER
  head.contentLength = Number.NaN
}

function numberOf(digits: string): number {
  if (digits === '') return Number.NaN
  let value = 0
  for (let at = 0; at < digits.length; at += 1) {
    const code = digits.charCodeAt(at)
    if (!isDigit(code)) return Number.NaN
    value = value * 10 + code - 48
  }
  return value
}

function trimmedEnd(input: Uint8Array, begin: number, end: number): number {
  let last = end
  while (last > begin && isBlank(input[last - 1])) last -= 1
  return last
}

function hasTab(input: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at += 1) if (input[at] === HTAB) return true
  return false
}

function isBlank(code: number | undefined): boolean {
  return code === SP || code === HTAB
}
