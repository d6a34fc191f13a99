import type { Ancestor, Pod, Process } from '../capture/index.ts'
import type { Heads, Progress } from '../exchanges/index.ts'
import { type Fields, type FieldValue, type IpAddress, readIpAddress } from '../expressions/index.ts'
import { directionOf, endpointOf, headerValue, statusOf, type TagRules, tagsOf } from '../outputs/index.ts'
import { fullFieldName } from './rule-fields.ts'

type Getter = (heads: Heads, tags: TagRules) => FieldValue | undefined

/** Names come from rules, so a configuration has some dozens; what is beyond is looked up each time. */
const FOUND_NAMES_MAX = 1024

const EXACT: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['http.req.method', ({ request }) => known(request.method)],
  ['http.req.path', ({ request }) => known(request.path)],
  ['http.req.scheme', ({ request }) => known(request.scheme)],
  ['http.req.host', ({ request }) => known(request.authority)],
  ['http.req.url', ({ request }) => known(urlWithoutQuery(request.url))],
  ['http.req.query', ({ request }) => queryOf(request.url)],
  ['http.res.status', statusOf],
  ['http.res.transfer-encoding', transferEncoding],
  ['protocol', ({ protocol, grpc }) => (grpc === undefined ? protocol : 'grpc')],
  ['direction', ({ connection }) => directionOf(connection)],
  ['type', ({ connection }) => connection.socketProtocol],
  ['tags', ({ connection }, tags) => tagsOf(connection, tags)],
  ['src.ip', addressOf('local')],
  ['src.port', ({ connection }) => connection.local.port],
  ['src.process.path', ofProcess(({ exe }) => known(exe))],
  ['src.process.binary', ofProcess(({ binary }) => known(binary))],
  ['src.process.pid', ofProcess(({ pid }) => (pid < 0 ? undefined : pid))],
  ['src.process.args', ofProcess(({ args }) => (args.length === 0 ? undefined : args))],
  ['src.process.parents', ofProcess(({ ancestors }) => parentsOf(ancestors))],
  ['src.process.hostname', ofProcess(({ hostname }) => known(hostname))],
  ['src.process.user.id', ofProcess(({ userId }) => (userId < 0 ? undefined : userId))],
  ['src.process.user.name', ofProcess(({ userName }) => known(userName))],
  ['src.container.id', ofProcess(({ container }) => container?.id)],
  ['src.container.name', ofProcess(({ container }) => known(container?.facts?.name))],
  ['src.container.image', ofProcess(({ container }) => known(container?.facts?.image))],
  ['src.pod.name', ofPod(({ name }) => known(name))],
  ['src.pod.namespace', ofPod(({ namespace }) => known(namespace))],
  ['dst.ip', addressOf('remote')],
  ['dst.port', ({ connection }) => connection.remote.port],
  ['dst.domain', domainOf],
  ['tls.enabled', (heads) => tlsOf(heads) && true],
  ['tls.version', tlsVersion],
  ['tls.sni', (heads) => known(tlsOf(heads)?.serverName)],
  ['tls.alpn', offeredProtocols],
])

/** Names that go on with a name of the operator's choice. */
const OPEN: readonly (readonly [prefix: string, getterFor: (rest: string) => Getter])[] = [
  ['http.req.headers.', requestHeader],
  ['http.res.headers.', responseHeader],
  ['src.process.env.', (name) => ofProcess(({ environment }) => entryOf(environment, name))],
  ['src.container.labels.', (name) => ofProcess(({ container }) => entryOf(container?.facts?.labels, name))],
  ['src.pod.labels.', (name) => ofPod(({ labels }) => entryOf(labels, name))],
  ['src.pod.annotations.', (name) => ofPod(({ annotations }) => entryOf(annotations, name))],
]

const NOTHING: Getter = () => undefined
const foundGetters = new Map<string, Getter>()

/** What rules can ask of an exchange, looked up when they ask. A field that is not known is undefined. */
export function fieldsOf(heads: Heads, tags: TagRules): Fields {
  return (name) => getterOf(name)(heads, tags)
}

/** The same of an exchange that is open: of a response that is waited for nothing is known. */
export function fieldsSoFar(progress: Progress, tags: TagRules): Fields {
  const fields = fieldsOf(progress, tags)
  if (progress.response !== undefined) return fields
  return (name) => (fullFieldName(name).startsWith('http.res.') ? undefined : fields(name))
}

/** As events and rules give it: a query string may hold secrets. */
export function urlWithoutQuery(url: string): string {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

function getterOf(name: string): Getter {
  const before = foundGetters.get(name)
  if (before !== undefined) return before
  const getter = findGetter(fullFieldName(name))
  if (foundGetters.size < FOUND_NAMES_MAX) foundGetters.set(name, getter)
  return getter
}

function findGetter(name: string): Getter {
  const exact = EXACT.get(name)
  if (exact !== undefined) return exact
  const open = OPEN.find(([prefix]) => name.startsWith(prefix))
  return open === undefined ? NOTHING : open[1](name.slice(open[0].length))
}

/** Empty texts stand for what nobody could tell. */
function known(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

function parentsOf(ancestors: readonly Ancestor[]): readonly string[] | undefined {
  const paths = ancestors.flatMap(({ exe }) => (exe === '' ? [] : [exe]))
  return paths.length === 0 ? undefined : paths
}

function entryOf(entries: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined
}

function queryOf(url: string): string | undefined {
  return /^[^?#]*\?([^#]*)/.exec(url)?.[1]
}

function requestHeader(name: string): Getter {
  const lowerCase = name.toLowerCase()
  return ({ request }) => headerValue(request.headers, lowerCase)
}

/** What a call of gRPC ended in comes in its trailers, and counts as headers here. */
function responseHeader(name: string): Getter {
  const lowerCase = name.toLowerCase()
  const sent: Getter = ({ response }) => response && headerValue(response.headers, lowerCase)
  if (lowerCase === 'grpc-status') return (heads, tags) => heads.grpc?.status?.toString() ?? sent(heads, tags)
  if (lowerCase === 'grpc-status-name') return ({ grpc }) => known(grpc?.statusName)
  if (lowerCase === 'grpc-message') return (heads, tags) => known(heads.grpc?.message) ?? sent(heads, tags)
  return sent
}

function transferEncoding({ protocol, response }: Heads): string | undefined {
  if (protocol !== 'http1' || response === undefined) return undefined
  return headerValue(response.headers, 'transfer-encoding')
}

/** Most connections of a host have the same address as the one before, on this side at least. */
function addressOf(end: 'local' | 'remote'): Getter {
  let lastIp = ''
  let lastAddress: IpAddress | undefined
  return ({ connection }) => {
    const { ip } = connection[end]
    if (ip === lastIp) return lastAddress
    lastAddress = readIpAddress(ip)
    lastIp = ip
    return lastAddress
  }
}

function ofProcess(get: (process: Process) => FieldValue | undefined): Getter {
  return ({ connection }) => connection.process && get(connection.process)
}

function ofPod(get: (pod: Pod) => FieldValue | undefined): Getter {
  return ofProcess(({ container }) => container?.facts?.pod && get(container.facts.pod))
}

function domainOf(heads: Heads): string | undefined {
  const { local, remote } = heads.connection
  const endpoint = endpointOf(heads)
  return endpoint === remote.ip || endpoint === local.ip ? undefined : endpoint
}

/** Undefined unless the ClientHello was seen. */
function tlsOf({ connection }: Heads) {
  return connection.tls?.offeredVersion === undefined ? undefined : connection.tls
}

/** 1.0 to 1.3, by the numbers on the wire (0x0301 to 0x0304): what was agreed on, else the most offered. */
function tlsVersion(heads: Heads): number | undefined {
  const tls = tlsOf(heads)
  const minor = (tls?.version ?? tls?.offeredVersion ?? 0) - 0x0301
  return minor >= 0 && minor <= 3 ? (10 + minor) / 10 : undefined
}

function offeredProtocols(heads: Heads): readonly string[] | undefined {
  const protocols = tlsOf(heads)?.protocols
  return protocols?.length === 0 ? undefined : protocols
}
