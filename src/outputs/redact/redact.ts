import type { Exchange, Grpc, Request, Response } from '../../exchanges/index.ts'
import { bodyRedactor } from './bodies.ts'
import { ContentRedactor } from './content.ts'
import { redactedConversation } from './conversations.ts'
import { HeadRedactor } from './heads.ts'
import { JsonPlaces } from './json-places.ts'
import { fieldNames, headerNames, type NameTest, remembering } from './names.ts'
import type { RedactOptions } from './options.ts'
import { openPatterns } from './patterns.ts'
import { TextSearch } from './text-search.ts'
import { openTokens } from './tokens.ts'
import { UrlRedactor } from './urls.ts'

const KEYED_TOKEN = /^\[REDACTED:[0-9a-f]{12}\]$/

/**
 * Gives views of exchanges in which all that the options name is replaced. The exchange stays as it is, and
 * parts in which nothing is found are shared with it. Bodies and conversations are searched when somebody
 * first reads them.
 *
 * Everything of an exchange that came off the wire and reaches an output is covered: of the request its
 * method, target, URL, scheme, authority and path; headers, trailers and bodies of both sides; the reason of
 * the response; service, method and message of a call of gRPC; messages of a conversation and the reason of
 * its end. Not covered is the connection: its addresses, its names (of TLS, of DNS) and its process. What is
 * counted stays as it was counted: all sizes are those of what passed.
 */
export function openRedaction(options: RedactOptions): (exchange: Exchange) => Exchange {
  const { headers, query, jsonPaths, credentials, replacement, key } = options
  const tokens = openTokens(replacement, key)
  const isToken = (text: string) => text === replacement || (key !== undefined && KEYED_TOKEN.test(text))
  const patterns = openPatterns(options.patterns, credentials)
  const fields = query.length > 0 || credentials ? remembering(fieldNames(query, credentials)) : undefined
  const places = new JsonPlaces(jsonPaths, fieldNames([], credentials))
  const search = new TextSearch(patterns, fields, tokens, isToken)
  const content = new ContentRedactor(search, places, tokens)
  const urls = new UrlRedactor(search, content, credentials)
  const isNamed = remembering(headerNames(headers, credentials))
  const heads = new HeadRedactor(search, content, isNamed, tokens)
  const searchesContent = patterns !== undefined || fields !== undefined || jsonPaths.length > 0
  const redactBody = searchesContent ? bodyRedactor(content) : undefined
  return redact

  function redact(exchange: Exchange): Exchange {
    const isSuspect = patterns?.mayFindIn(textsOf(exchange, isNamed)) ?? false
    const request = redactRequest(exchange.request, isSuspect)
    const response = exchange.response && redactResponse(exchange.response, isSuspect)
    const grpc = exchange.grpc && redactCall(exchange.grpc, exchange.request, request, isSuspect)
    const { conversation } = exchange
    if (conversation !== undefined && searchesContent) {
      let redacted: typeof conversation | undefined
      return {
        ...exchange,
        request,
        response,
        grpc,
        get conversation() {
          redacted ??= redactedConversation(conversation, content)
          return redacted
        },
      }
    }
    const isSame = request === exchange.request && response === exchange.response && grpc === exchange.grpc
    return isSame ? exchange : { ...exchange, request, response, grpc }
  }

  function redactRequest(request: Request, isSuspect: boolean): Request {
    const redactedHeaders = heads.fields(request.headers, isSuspect)
    const trailers = heads.fields(request.trailers, isSuspect)
    const body = redactBody?.(request.body, request.headers) ?? request.body
    const namesHost = isNamed('host') || isNamed(':authority')
    const url = urls.redact(request, isSuspect, namesHost ? tokens : undefined)
    const method = heads.words(request.method, isSuspect)
    const scheme = heads.words(request.scheme, isSuspect)
    const isSame =
      redactedHeaders === request.headers &&
      trailers === request.trailers &&
      body === request.body &&
      url === undefined &&
      method === request.method &&
      scheme === request.scheme
    return isSame ? request : { ...request, ...url, method, scheme, headers: redactedHeaders, trailers, body }
  }

  function redactResponse(response: Response, isSuspect: boolean): Response {
    const redactedHeaders = heads.fields(response.headers, isSuspect)
    const trailers = heads.fields(response.trailers, isSuspect)
    const body = redactBody?.(response.body, response.headers) ?? response.body
    const reason = heads.words(response.reason, isSuspect)
    const isSame =
      redactedHeaders === response.headers &&
      trailers === response.trailers &&
      body === response.body &&
      reason === response.reason
    return isSame ? response : { ...response, headers: redactedHeaders, trailers, body, reason }
  }

  /** Its names stand in the target, its message in a field. */
  function redactCall(grpc: Grpc, before: Request, after: Request, isSuspect: boolean): Grpc {
    const message = isNamed('grpc-message') ? heads.token(grpc.message) : heads.message(grpc.message)
    if (before.target === after.target && !isSuspect)
      return message === grpc.message ? grpc : { ...grpc, message }
    const slash = after.target.lastIndexOf('/')
    const service = after.target.slice(0, Math.max(0, slash)).replace(/^\//, '')
    return {
      ...grpc,
      service: heads.words(service, isSuspect),
      method: heads.words(after.target.slice(slash + 1), isSuspect),
      message,
    }
  }
}

/** All short texts of an exchange that are not replaced by their names, to be searched at once. */
function textsOf({ request, response }: Exchange, isNamed: NameTest): string {
  const { method, url, target, scheme, authority } = request
  let texts = `${method}
${url}
${target}
${scheme}
${authority}
`
  texts = withFields(withFields(texts, request.headers, isNamed), request.trailers, isNamed)
  if (response === undefined) return texts
  texts = withFields(`${texts}${response.reason}\n`, response.headers, isNamed)
  return withFields(texts, response.trailers, isNamed)
}

function withFields(texts: string, fields: Request['headers'], isNamed: NameTest): string {
  let result = texts
  for (const [name, value] of fields) result += isNamed(name) ? `${name}\n` : `${name}\n${value}\n`
  return result
}
