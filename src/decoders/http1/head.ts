import type { Header } from '../message.ts'

/** Returned by what reads bytes that are not all there yet. */
export const MORE = -1
/** Returned where no message starts. */
export const NO_START = 0

/** What a head says. One for each connection, reused: taken from before the next head is read. */
export interface Head {
  /** `HTTP/1.1`; HTTP/1.0, and whatever calls itself HTTP/1.x. */
  version: string
  method: string
  target: string
  status: number
  reason: string
  headers: Header[]
  /** -1: no Content-Length; NaN: nobody can say how long. */
  contentLength: number
  hasCoding: boolean
  /** All Transfer-Encoding values joined with commas, in lower case. */
  transferEncoding: string
  /** `Expect: 100-continue` */
  expectsContinue: boolean
  /** All Upgrade values joined with commas, in lower case. */
  upgrade: string
  hostFields: number
  host: string
  /** What was ambiguous, as flags of `ambiguities.ts`. */
  doubts: number
  /** Where the start line's text stands, from the head's begin: of the target, or of the reason. */
  lineTextBegin: number
  lineTextEnd: number
  /** Four places a field: of its name, and of its value. Of an odd line its begin, -1, its end. */
  spans: Int32Array
  spansLength: number
}

const SPANS_AT_FIRST = 4 * 32

export function newHead(): Head {
  return {
    version: '',
    method: '',
    target: '',
    status: 0,
    reason: '',
    headers: [],
    contentLength: -1,
    hasCoding: false,
    transferEncoding: '',
    expectsContinue: false,
    upgrade: '',
    hostFields: 0,
    host: '',
    doubts: 0,
    lineTextBegin: 0,
    lineTextEnd: 0,
    spans: new Int32Array(SPANS_AT_FIRST),
    spansLength: 0,
  }
}

/** Before a head, and before a trailer section, is read. */
export function clearHead(head: Head): void {
  head.contentLength = -1
  head.hasCoding = false
  head.transferEncoding = ''
  head.expectsContinue = false
  head.upgrade = ''
  head.hostFields = 0
  head.doubts = 0
  head.spansLength = 0
}
