import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Body, Exchange } from '../exchanges/index.ts'
import { endpointOf } from './endpoint.ts'
import {
  type CanonicalName,
  type HeaderMap,
  headerValue,
  requestHeaders,
  responseHeaders,
} from './headers.ts'
import type { Artifact } from './output.ts'
import { summarise } from './summary.ts'
import { type TagRules, tagsOf } from './tags.ts'

/** What of an exchange can be an object by itself. */
export type ArtifactPart = Exclude<Artifact['type'], 'http_transaction'>

interface Part {
  readonly contentType: string
  readonly data: Uint8Array
}

const NO_CONTENT_TYPE = 'text/plain'
const STILL_CODED = 'application/octet-stream'
/** What was sent stands in a header of the store's own requests, so it must look like one. */
const CONTENT_TYPE = /^[\w!#$&^.+-]{1,64}\/[\w!#$&^.+-]{1,64}[\x20-\x7e]{0,128}$/

/**
 * Makes an object of a part of an exchange, for the default store; undefined where there is no such part.
 * `atMs` is the wall-clock time of its end.
 */
export function createPartArtifact(
  exchange: Exchange,
  part: ArtifactPart,
  tags: TagRules,
  atMs: number,
  canonicalName: CanonicalName,
): Artifact | undefined {
  const made = makePart(exchange, part, canonicalName)
  if (made === undefined) return undefined
  const { connection, id } = exchange
  return {
    kind: 'artifact',
    type: part,
    contentType: made.contentType,
    data: made.data,
    responseAt: undefined,
    digest: hash('sha1', made.data, 'hex'),
    summary: summarise(exchange),
    tags: tagsOf(connection, tags),
    connection,
    endpointId: endpointOf(exchange),
    requestId: id,
    objectStore: undefined,
    atMs,
  }
}

function makePart(exchange: Exchange, part: ArtifactPart, canonicalName: CanonicalName): Part | undefined {
  const { request, response, protocol } = exchange
  switch (part) {
    case 'req-headers':
      return headersPart(requestHeaders(firstValues(request), canonicalName))
    case 'req-body':
      return bodyPart(request)
    case 'res-headers':
      return response && headersPart(responseHeaders(firstValues(response), protocol, canonicalName))
    case 'res-body':
      return response && bodyPart(response)
    default:
      return part satisfies never
  }
}

/** The message with only the first header of each name. */
function firstValues<Message extends Pick<Exchange['request'], 'headers'>>(message: Message): Message {
  const seen = new Set<string>()
  const headers = message.headers.filter(([name]) => {
    const lowerCase = name.toLowerCase()
    if (seen.has(lowerCase)) return false
    seen.add(lowerCase)
    return true
  })
  return { ...message, headers }
}

function headersPart(headers: HeaderMap): Part {
  return { contentType: 'application/json', data: Buffer.from(JSON.stringify(headers), 'utf8') }
}

/** What is kept of the content, content coding removed where it could be. */
function bodyPart({
  headers,
  body,
}: {
  readonly headers: Exchange['request']['headers']
  readonly body: Body
}) {
  if (body.bytes.length === 0) return undefined
  const sent = headerValue(headers, 'content-type') ?? ''
  const contentType = CONTENT_TYPE.test(sent) ? sent : NO_CONTENT_TYPE
  return { contentType: body.codingsLeft.length === 0 ? contentType : STILL_CODED, data: body.bytes }
}
