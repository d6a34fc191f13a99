import type { Doubts } from '../message.ts'

/**
 * Ways in which two recipients could read one message differently (RFC 9112 §11.2, RFC 9110 §17.10), and
 * what is chosen here. What programs do was tried with Go 1.26 net/http, Node.js 24 (llhttp), nginx 1.22,
 * Apache 2.4, h11 0.16 and curl 7.88.
 */

/** Transfer-Encoding wins (RFC 9112 §6.3). Go, h11, curl: so too; Node.js, nginx refuse; Apache closes. */
export const LENGTH_AND_CODING = 1 << 0
/** The end is unknown (§6.3). Servers refuse, and Go and Node.js as clients; curl takes the last. */
export const LENGTHS_DIFFER = 1 << 1
/** Sign, space, hex or nothing: the end is unknown (§6.3). Servers refuse; curl and old servers take `+5`. */
export const LENGTH_NOT_A_NUMBER = 1 << 2
/** More than can be counted: the end is unknown. Most refuse, h11 waits for it, 32-bit programs wrap. */
export const LENGTH_OVERFLOWS = 1 << 3
/** No registered coding, as `xchunked`, `identity`, `chunked;a=b`: it is none that frames. All refuse. */
export const CODING_UNKNOWN = 1 << 4
/** A request whose last coding is not chunked: the end is unknown (§6.3). All refuse. */
export const CODING_UNFRAMED = 1 << 5
/** Chunked twice, or under another coding (§7.1): one chunked layer, if it is last. Apache, curl: so too. */
export const CHUNKED_MISPLACED = 1 << 6
/** Read as chunked (§6.3). Go uses Content-Length; Apache, h11 do as here and close; others refuse. */
export const CODING_IN_HTTP_1_0 = 1 << 7
/** White space by RFC 9110 §5.6.3; to nginx, and at its end to Node.js, part of the value. */
export const TAB_IN_FRAMING = 1 << 8
/** One space (RFC 9112 §5.2). Go, Apache, h11, curl: so too; Node.js, nginx refuse; others drop the rest. */
export const FOLDED_LINE = 1 << 9
/** Such lines are passed over (§2.2). All that were tried refuse. */
export const SPACE_BEFORE_FIELDS = 1 << 10
/** The space is left out, as proxies must (§5.1). Servers refuse; curl and Go see another field. */
export const SPACE_BEFORE_COLON = 1 << 11
/** The line is passed over. nginx: so too, others refuse. */
export const LINE_WITHOUT_COLON = 1 << 12
/** The line is passed over. All refuse. */
export const EMPTY_FIELD_NAME = 1 << 13
/** A field of that odd name. nginx drops the line, others refuse. */
export const FIELD_NAME_NOT_TOKEN = 1 << 14
/** Kept (RFC 9110 §5.5). nginx, h11: so too, but for NUL; others refuse; C programs stop at a NUL. */
export const CONTROL_IN_FIELD = 1 << 15
/** A space (RFC 9112 §2.2). nginx ends the line at `CR CR LF`; others refuse, or end the line at any CR. */
export const BARE_CR = 1 << 16
/** The first is used. Node.js: so too, others refuse (§3.2). */
export const SEVERAL_HOSTS = 1 << 17
/** The target's is used (§3.2.2). Go, nginx, Apache: so too; applications on Node.js see Host. */
export const HOST_AND_TARGET_DIFFER = 1 << 18
/** Split at the outermost spaces (§3, §4). nginx, Node.js (requests), Go, curl (responses): so too. */
export const START_LINE_SPACES = 1 << 19
/** Kept. All refuse it in requests, none in responses. */
export const CONTROL_IN_START_LINE = 1 << 20
/** 1xx, 204 and a granted CONNECT have no content (§6.3). Go, curl: so too; Node.js then sees no message. */
export const LENGTH_WITHOUT_CONTENT = 1 << 21
/** No content (RFC 9110 §9.3.6): what follows is the tunnel's. Node.js: so too; Go, h11 read content. */
export const CONTENT_WITH_CONNECT = 1 << 22
/** A 101 that the request did not ask for: the connection changes all the same (RFC 9110 §15.2.2). */
export const SWITCH_UNASKED = 1 << 23
/** The size stands in front of something else, or there is none (RFC 9112 §7.1): unknown end if none. */
export const CHUNK_SIZE_INVALID = 1 << 24
/** More than can be counted: the end is unknown. Most refuse, h11 waits for it, others wrap. */
export const CHUNK_SIZE_OVERFLOWS = 1 << 25
/** A line ends at a bare LF, goes on behind a bare CR (§7.1). nginx: so too; curl for LF; others refuse. */
export const CHUNK_LINE_END = 1 << 26
/** No line end behind a chunk's data: the end is unknown. Servers refuse; who skips two bytes does not. */
export const CHUNK_OVERRUN = 1 << 27
/** Told of as a trailer, and used for nothing (RFC 9110 §6.5.1). Programs that merge trailers use it. */
export const FORBIDDEN_TRAILER = 1 << 28
/** This side's earlier bytes could be cut into messages differently, so this may be no message to others. */
export const FOLLOWS_AMBIGUOUS = 1 << 29
/** With any of the others: the odd line is about the message's length. Has no word of its own. */
export const ODD_FRAMING_LINE = 1 << 30

/** Two readings put the following bytes into different messages. */
const SPLITS =
  LENGTH_AND_CODING |
  LENGTHS_DIFFER |
  LENGTH_NOT_A_NUMBER |
  LENGTH_OVERFLOWS |
  CODING_UNKNOWN |
  CODING_UNFRAMED |
  CHUNKED_MISPLACED |
  CODING_IN_HTTP_1_0 |
  TAB_IN_FRAMING |
  LENGTH_WITHOUT_CONTENT |
  CONTENT_WITH_CONNECT |
  CHUNK_SIZE_INVALID |
  CHUNK_SIZE_OVERFLOWS |
  CHUNK_LINE_END |
  CHUNK_OVERRUN |
  ODD_FRAMING_LINE

/** What is said of each, in `Doubts.ambiguous`. */
export const AMBIGUITY_WORDS: readonly (readonly [flag: number, word: string])[] = [
  [LENGTH_AND_CODING, 'Content-Length and Transfer-Encoding'],
  [LENGTHS_DIFFER, 'several Content-Length'],
  [LENGTH_NOT_A_NUMBER, 'Content-Length is no number'],
  [LENGTH_OVERFLOWS, 'Content-Length overflows'],
  [CODING_UNKNOWN, 'unknown transfer coding'],
  [CODING_UNFRAMED, 'transfer coding without end'],
  [CHUNKED_MISPLACED, 'chunked is not once and last'],
  [CODING_IN_HTTP_1_0, 'Transfer-Encoding in HTTP/1.0'],
  [TAB_IN_FRAMING, 'tab around the framing'],
  [FOLDED_LINE, 'folded line'],
  [SPACE_BEFORE_FIELDS, 'space before the fields'],
  [SPACE_BEFORE_COLON, 'space before a colon'],
  [LINE_WITHOUT_COLON, 'line without colon'],
  [EMPTY_FIELD_NAME, 'empty field name'],
  [FIELD_NAME_NOT_TOKEN, 'field name is no token'],
  [CONTROL_IN_FIELD, 'control character in a field'],
  [BARE_CR, 'bare CR'],
  [SEVERAL_HOSTS, 'several Host'],
  [HOST_AND_TARGET_DIFFER, 'Host differs from target'],
  [START_LINE_SPACES, 'spaces in the start line'],
  [CONTROL_IN_START_LINE, 'control character in the start line'],
  [LENGTH_WITHOUT_CONTENT, 'length where no content is'],
  [CONTENT_WITH_CONNECT, 'content with CONNECT'],
  [SWITCH_UNASKED, 'unasked 101'],
  [CHUNK_SIZE_INVALID, 'chunk size is no number'],
  [CHUNK_SIZE_OVERFLOWS, 'chunk size overflows'],
  [CHUNK_LINE_END, 'bare line end in chunks'],
  [CHUNK_OVERRUN, 'chunk longer than its size'],
  [FORBIDDEN_TRAILER, 'forbidden trailer'],
  [FOLLOWS_AMBIGUOUS, 'follows ambiguous framing'],
]

export function splits(flags: number): boolean {
  return (flags & SPLITS) !== 0
}

export function ambiguitiesOf(flags: number): readonly string[] {
  return AMBIGUITY_WORDS.flatMap(([flag, word]) => ((flags & flag) === 0 ? [] : word))
}

export function doubtsOf(flags: number): Doubts | undefined {
  return flags === 0 ? undefined : { ambiguous: ambiguitiesOf(flags), unknownFields: [] }
}
