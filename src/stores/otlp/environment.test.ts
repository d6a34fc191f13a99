import { describe, expect, test } from 'vitest'
import { parseEndpoint } from './endpoint.ts'
import { settingsFromEnvironment } from './environment.ts'

test('without variables: plain gRPC to this machine', () => {
  expect(settingsFromEnvironment({}, 'traces')).toEqual({
    protocol: 'grpc',
    endpoint: '',
    headers: {},
    gzip: false,
    tls: {
      enabled: false,
      insecureSkipVerify: false,
      caFile: undefined,
      certFile: undefined,
      keyFile: undefined,
    },
    timeoutMs: 10_000,
  })
})

const ENDPOINTS: readonly [variables: Record<string, string>, address: string, tls: boolean][] = [
  [{ ENDPOINT: 'http://c:4317' }, 'c:4317', false],
  [{ ENDPOINT: 'http://c:4317', INSECURE: 'false' }, 'c:4317', false],
  [{ ENDPOINT: 'c:4317' }, 'c:4317', true],
  [{ ENDPOINT: 'c:4317', INSECURE: 'TRUE' }, 'c:4317', false],
  [{ ENDPOINT: 'c:4317', INSECURE: 'true', TRACES_INSECURE: 'false' }, 'c:4317', true],
  [{ ENDPOINT: 'a:1', TRACES_ENDPOINT: 'https://b' }, 'b:443', true],
  [{ ENDPOINT: 'a:1', LOGS_ENDPOINT: 'b:2', INSECURE: 'true' }, 'a:1', false],
  [{ PROTOCOL: 'http', ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces', false],
  [{ PROTOCOL: 'http/protobuf', ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/traces', true],
  [{ PROTOCOL: 'http', TRACES_ENDPOINT: 'https://c/own/path' }, 'https://c/own/path', true],
  [{ PROTOCOL: 'http', TRACES_ENDPOINT: 'https://c' }, 'https://c/', true],
  [{ PROTOCOL: 'grpc', TRACES_PROTOCOL: 'http/protobuf' }, 'http://localhost:4318/v1/traces', false],
]

test.for(ENDPOINTS)('%j leads to %s', ([variables, address, tls]) => {
  const endpoint = parseEndpoint(settingsFromEnvironment(variablesOf(variables), 'traces'), 'traces')
  expect({ name: endpoint.name, tls: endpoint.tls }).toEqual({ name: address, tls })
})

test('headers are decoded, and those of the signal are added', () => {
  const variables = { HEADERS: 'X-Team=a%20b%3D,x-set = c=d ,', TRACES_HEADERS: 'x-set=e' }
  expect(settingsFromEnvironment(variablesOf(variables), 'traces').headers).toEqual({
    'x-team': 'a b=',
    'x-set': 'e',
  })
})

test('files, compression and time', () => {
  const variables = {
    CERTIFICATE: '/ca',
    CLIENT_CERTIFICATE: '/cert',
    CLIENT_KEY: '/key',
    TRACES_CERTIFICATE: '/other-ca',
    COMPRESSION: 'gzip',
    TIMEOUT: '2500',
  }
  const { tls, gzip, timeoutMs } = settingsFromEnvironment(variablesOf(variables), 'traces')
  expect(tls).toMatchObject({ caFile: '/other-ca', certFile: '/cert', keyFile: '/key' })
  expect({ gzip, timeoutMs }).toEqual({ gzip: true, timeoutMs: 2_500 })
})

describe('what cannot be used is passed over', () => {
  const WRONG: readonly [variables: Record<string, string>, named: string][] = [
    [{ PROTOCOL: 'http/json' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [{ PROTOCOL: 'constructor' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [{ COMPRESSION: 'zstd' }, 'OTEL_EXPORTER_OTLP_COMPRESSION'],
    [{ TRACES_TIMEOUT: 'secret' }, 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'],
    [{ TIMEOUT: '-1' }, 'OTEL_EXPORTER_OTLP_TIMEOUT'],
    [{ HEADERS: 'secret' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [{ HEADERS: 'a=%zz' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [{ PROTOCOL: 'http', ENDPOINT: 'http://secret:x' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ]

  test.for(WRONG)('%j', ([variables, named]) => {
    const problems: string[] = []
    const settings = settingsFromEnvironment(variablesOf(variables), 'traces', (one) => problems.push(one))
    expect(problems).toEqual([expect.stringContaining(`${named} `)])
    expect(problems.join()).not.toContain('secret')
    expect({ ...settings, protocol: 'grpc' }).toEqual(settingsFromEnvironment({}, 'traces'))
  })
})

function variablesOf(ends: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(ends).map(([end, value]) => [`OTEL_EXPORTER_OTLP_${end}`, value]))
}
