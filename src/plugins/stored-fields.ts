import { isMapping } from '../base/index.ts'
import { type Fields, type FieldValue, type IpAddress, readIpAddress } from '../expressions/index.ts'
import { statusOf } from '../outputs/index.ts'
import { urlWithoutQuery } from './exchange-fields.ts'
import { fullFieldName } from './rule-fields.ts'

type Mapping = Readonly<Record<string, unknown>>

const NOTHING: Mapping = {}

/**
 * What a stored object of the type `http_transaction` tells of its exchange, under the names that rules use.
 * Whatever the object does not hold, such as headers at the level `summary`, is undefined; so is everything
 * where `document` is no such object. Values of repeated headers are joined in objects, and stay joined.
 */
export function storedFields(document: unknown): Fields {
  const all = mappingOf(document)
  const metadata = mappingOf(all['metadata'])
  const request = mappingOf(all['request'])
  const response = mappingOf(all['response'])
  const isCall = isCallDocument(all)
  const requestHeaders = headersIn(request)
  const responseHeaders = headersIn(response)
  return (name) => find(fullFieldName(name))

  function find(name: string): FieldValue | undefined {
    const [group, header] = splitHeader(name)
    if (group === 'http.req.headers.') return requestHeaders.get(header) ?? namedField(request, header)
    if (group === 'http.res.headers.') return responseHeaders.get(header) ?? namedField(response, header)
    const getter = GETTERS.get(name)
    return getter === undefined ? ofMessages(name) : getter(all, metadata)
  }

  function ofMessages(name: string): FieldValue | undefined {
    const field = name.slice('http.req.'.length)
    switch (name) {
      case 'http.req.method':
      case 'http.req.scheme':
        return textOf(request[field]) ?? requestHeaders.get(`:${field}`)
      case 'http.req.path':
        return textOf(request['path']) ?? requestHeaders.get(':path') ?? callPath()
      case 'http.req.host':
        return textOf(request['authority']) ?? requestHeaders.get(':authority')
      case 'http.req.url':
        return urlOf()
      case 'http.req.query':
        return /^[^?#]*\?([^#]*)/.exec(textOf(request['url']) ?? '')?.[1]
      case 'http.res.status':
        return isCall ? callStatus() : numberOf(response['status'])
      case 'http.res.transfer-encoding':
        return responseHeaders.get(':transfer-encoding')
      default:
        return undefined
    }
  }

  function urlOf(): string | undefined {
    const url = textOf(request['url'])
    if (url !== undefined) return urlWithoutQuery(url)
    const parts = [':scheme', ':authority', ':path'].map((name) => requestHeaders.get(name))
    return parts.includes(undefined) ? undefined : `${parts[0]}://${parts[1]}${parts[2]}`
  }

  /** Of HTTP, that of a call that failed; of one that succeeded only its headers tell. */
  function callStatus(): number | undefined {
    const reported = numberOf(responseHeaders.get(':status'))
    const status = numberOf(all['grpc_status'])
    return reported ?? (status ? statusOf({ response: undefined, grpc: { status } }) : undefined)
  }

  function callPath(): string | undefined {
    return isCall ? `/${textOf(all['service'])}/${textOf(all['method'])}` : undefined
  }
}

type Getter = (all: Mapping, metadata: Mapping) => FieldValue | undefined

/** Fields that stand in one place, whatever kind of transaction it is. */
const GETTERS: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['protocol', (all) => (isCallDocument(all) ? 'grpc' : textOf(mappingOf(all['request'])['protocol']))],
  ['direction', (all) => textOf(all['direction'])],
  ['type', (all) => (textOf(all['direction']) === undefined ? undefined : 'tcp')],
  [
    'tags',
    (_, { tags }) => (Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : undefined),
  ],
  ['src.process.pid', (_, { process_id }) => numberFrom(textOf(process_id))],
  ['src.process.path', (_, { process_exe }) => textOf(process_exe)],
  ['src.process.binary', (_, { process_exe }) => textOf(process_exe)?.replace(/^.*\//s, '')],
  ['src.container.name', (_, { container_name }) => textOf(container_name)],
  ['src.container.image', (_, { container_image }) => textOf(container_image)],
  ['src.pod.name', (_, { pod_name }) => textOf(pod_name)],
  ['src.pod.namespace', (_, { pod_namespace }) => textOf(pod_namespace)],
  ['dst.domain', (_, { endpoint_id }) => (addressIn(endpoint_id) ? undefined : textOf(endpoint_id))],
  // Of an accepted connection the endpoint is this host.
  ['dst.ip', (all, metadata) => (isEgress(all) ? addressIn(metadata['endpoint_id']) : undefined)],
])

function isEgress(all: Mapping): boolean {
  return textOf(all['direction'])?.startsWith('egress') === true
}

function addressIn(endpoint: unknown): IpAddress | undefined {
  return readIpAddress(textOf(endpoint) ?? '')
}

function isCallDocument(all: Mapping): boolean {
  return textOf(all['service']) !== undefined && textOf(all['method']) !== undefined
}

function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : NOTHING
}

/** Undefined for empty texts, which stand for what was not known. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined
}

/** By names in lower case; of several values the first. */
function headersIn(message: Mapping): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(mappingOf(message['headers']))) {
    const first: unknown = Array.isArray(value) ? value[0] : value
    if (typeof first === 'string' && !headers.has(name.toLowerCase())) headers.set(name.toLowerCase(), first)
  }
  return headers
}

/** What objects without headers hold of them all the same. */
function namedField(message: Mapping, header: string): string | undefined {
  const isNamed = ['user-agent', 'content-type', 'grpc-status', 'grpc-status-name', 'grpc-message'].includes(
    header,
  )
  return isNamed ? textOf(message[header.replaceAll('-', '_')]) : undefined
}

function splitHeader(name: string): readonly [group: string, header: string] {
  const end = 'http.req.headers.'.length
  return [name.slice(0, end), name.slice(end).toLowerCase()]
}

function numberFrom(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
