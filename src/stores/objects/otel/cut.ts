import { isMapping } from '../../../base/index.ts'
import { wholeCharacters } from '../../../outputs/index.ts'

export interface Cut {
  readonly data: Uint8Array
  readonly isCut: boolean
}

/** Each attempt comes closer; a document that has nothing more to give is cut as bytes. */
const ATTEMPTS_MAX = 32
/** What is aimed at: escapes in a text are not spread evenly. */
const AIM = 0.95

/**
 * Makes objects fit into so many bytes together. A JSON document stays one: its body becomes shorter and says
 * so, as a body does that was too long to be kept. Anything else ends early.
 */
export function cutToFit(
  objects: readonly Uint8Array[],
  contentType: string,
  bytesMax: number,
): readonly Cut[] {
  const shares = shareOut(objects, bytesMax)
  return objects.map((data, index) => {
    const share = shares[index] ?? 0
    if (data.length <= share) return { data, isCut: false }
    const shorter = contentType === 'application/json' ? cutJson(data, share) : undefined
    return { data: shorter ?? wholeCharacters(data.subarray(0, share)), isCut: true }
  })
}

/** What the small ones do not need is for the large ones. */
function shareOut(objects: readonly Uint8Array[], bytesMax: number): readonly number[] {
  let left = bytesMax
  let others = objects.length
  const shares: number[] = []
  const bySize = [...objects.entries()].toSorted(([, one], [, other]) => one.length - other.length)
  for (const [index, { length }] of bySize) {
    const share = Math.min(length, Math.floor(left / others))
    shares[index] = share
    left -= share
    others -= 1
  }
  return shares
}

function cutJson(data: Uint8Array, bytesMax: number): Uint8Array | undefined {
  const document = parse(data)
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const bytes = Buffer.from(JSON.stringify(document), 'utf8')
    if (bytes.length <= bytesMax) return bytes
    if (!isMapping(document) || !shorten(document, (AIM * bytesMax) / bytes.length)) return undefined
  }
  return undefined
}

function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'))
  } catch {
    return undefined
  }
}

/** False when there is nothing that could be left out. */
function shorten(document: Record<string, unknown>, share: number): boolean {
  const { websocket, request, response } = document
  if (isMapping(websocket) && Array.isArray(websocket['messages']) && websocket['messages'].length > 0) {
    const messages: readonly unknown[] = websocket['messages']
    websocket['messages'] = messages.slice(0, Math.floor(messages.length * share))
    websocket['messages_truncated'] = true
    return true
  }
  const side = isMapping(request) ? request : response
  if (!isMapping(side) || typeof side['body'] !== 'string' || side['body'] === '') return false
  shortenBody(side, side['body'], share)
  return true
}

/** The fields are those of a body in the document of a transaction. */
function shortenBody(side: Record<string, unknown>, body: string, share: number): void {
  const isBase64 = side['body_encoding'] === 'base64'
  const encoding = isBase64 ? 'base64' : 'utf8'
  const length = Math.floor(body.length * share)
  const kept = isBase64 ? body.slice(0, length - (length % 4)) : wholeText(body, length)
  const before = side['body_truncated']
  side['body'] = kept
  side['body_truncated'] = {
    ...(isMapping(before) ? before : { original_bytes: Buffer.byteLength(body, encoding) }),
    kept_bytes: Buffer.byteLength(kept, encoding),
  }
}

/** Without the first half of a surrogate pair at its end. */
function wholeText(text: string, length: number): string {
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length)
}
