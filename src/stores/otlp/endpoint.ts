import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { OperatorError } from '../../base/index.ts'
import type { Signal } from '../../otlp/index.ts'
import type { OtlpSettings } from './settings.ts'

/** Where requests go, taken apart. */
export interface Endpoint {
  /** Without brackets. */
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** With its query; empty for gRPC. */
  readonly path: string
  /** `user:password` of a URL. */
  readonly login: string | undefined
  /** For people: without login and query, which may hold secrets. */
  readonly name: string
}

const DEFAULT_PORTS = { grpc: 4317, http: 4318 } as const
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i
const HOST_AND_PORT = /^(?:\[([0-9a-f:.]+)\]|([\p{L}\p{N}_.-]+))?(?::(\d{1,5}))?$/iu

/** Throws an `OperatorError` where the text names no place. */
export function parseEndpoint(settings: OtlpSettings, signal: Signal): Endpoint {
  const { protocol, tls } = settings
  const text = settings.endpoint.trim()
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme !== undefined) return fromUrl(text, scheme, settings, signal)
  const ownPort = protocol === 'grpc' ? DEFAULT_PORTS.grpc : DEFAULT_PORTS.http
  const [, ipv6, name, port] = HOST_AND_PORT.exec(isIPv6(text) ? `[${text}]` : text) ?? refuse(text)
  const host = ipv6 ?? domainToASCII(name ?? 'localhost')
  const number = port === undefined ? ownPort : Number(port)
  const isHost = ipv6 === undefined ? host !== '' : isIPv6(ipv6)
  if (!isHost || number < 1 || number > 65_535) refuse(text)
  const path = protocol === 'grpc' ? '' : `/v1/${signal}`
  const authority = `${ipv6 === undefined ? host : `[${host}]`}:${number}`
  const written = protocol === 'grpc' ? authority : `${tls.enabled ? 'https' : 'http'}://${authority}${path}`
  return { host, port: number, tls: tls.enabled, path, login: undefined, name: written }
}

/** The scheme decides about TLS. A path is used as it is; without one it is that of the protocol. */
function fromUrl(text: string, scheme: string, { protocol }: OtlpSettings, signal: Signal): Endpoint {
  if (scheme !== 'http' && scheme !== 'https') refuse(text)
  const url = URL.parse(text) ?? refuse(text)
  const tls = scheme === 'https'
  const isGrpc = protocol === 'grpc'
  const usual = isGrpc && !tls ? DEFAULT_PORTS.grpc : tls ? 443 : 80
  // The URL leaves out a port that its scheme implies.
  const port = url.port === '' ? (writtenPort(text) ?? usual) : Number(url.port)
  const rest = text.slice(SCHEME.exec(text)?.[0].length).replace(/^[^/?#]*/, '')
  const path = isGrpc ? '' : rest === '' ? `/v1/${signal}` : `${url.pathname}${url.search}`
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const name = isGrpc ? `${url.hostname}:${port}` : `${scheme}://${url.host}${path.replace(/\?.*$/, '')}`
  const login = url.username === '' ? undefined : `${decoded(url.username)}:${decoded(url.password)}`
  return { host, port, tls, path, login, name }
}

function writtenPort(text: string): number | undefined {
  const port = /^[^/]+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(text)?.[1]
  return port === undefined ? undefined : Number(port)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function refuse(text: string): never {
  // A login stays out of what is said.
  const shown = text.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*$/, '')
  throw new OperatorError(
    'QTAP_OTLP_ENDPOINT',
    `"${shown}" is no endpoint for OTLP.`,
    'Write HOST:PORT, or a URL that begins with http:// or https://.',
  )
}
