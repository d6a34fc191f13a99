/** Stands where an event ends, as it does between the texts of a JSON sequence (RFC 7464). */
export const RECORD_SEPARATOR = 0x1e

const SPACE = 0x20
const LINE_FEED = 0x0a
const RETURN = 0x0d
const COLON = 0x3a
/** `data` */
const DATA = [0x64, 0x61, 0x74, 0x61]

/**
 * The `data` of an event stream (WHATWG HTML §9.2.5), every byte at its place: what is not data is made
 * spaces, and the end of an event a record separator.
 */
export function eventsData(stream: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(stream)
  for (let begin = 0; begin < bytes.length; ) {
    let end = begin
    while (end < bytes.length && bytes[end] !== LINE_FEED && bytes[end] !== RETURN) end += 1
    const isData =
      end - begin > 4 && DATA.every((byte, at) => bytes[begin + at] === byte) && bytes[begin + 4] === COLON
    if (isData) bytes.fill(SPACE, begin, begin + 5)
    else bytes.fill(SPACE, begin, end)
    if (end < bytes.length) {
      const isCrLf = bytes[end] === RETURN && bytes[end + 1] === LINE_FEED
      bytes[end] = end === begin ? RECORD_SEPARATOR : SPACE
      if (isCrLf) bytes[end + 1] = SPACE
      end += isCrLf ? 2 : 1
    }
    begin = end
  }
  return bytes
}
