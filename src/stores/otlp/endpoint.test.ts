import { expect, test } from 'vitest'
import { otlpTo } from '../../../test/support/otlp-settings.ts'
import { OperatorError } from '../../base/index.ts'
import { parseEndpoint } from './endpoint.ts'

const GRPC: readonly [
  written: string,
  tls: boolean,
  host: string,
  port: number,
  isTls: boolean,
  name: string,
][] = [
  ['', false, 'localhost', 4317, false, 'localhost:4317'],
  ['collector', false, 'collector', 4317, false, 'collector:4317'],
  ['collector:55680', true, 'collector', 55_680, true, 'collector:55680'],
  ['[::1]:4317', false, '::1', 4317, false, '[::1]:4317'],
  ['::1', false, '::1', 4317, false, '[::1]:4317'],
  ['2001:db8::1', false, '2001:db8::1', 4317, false, '[2001:db8::1]:4317'],
  ['http://collector:4317', true, 'collector', 4317, false, 'collector:4317'],
  ['http://collector', false, 'collector', 4317, false, 'collector:4317'],
  ['https://api.honeycomb.io', false, 'api.honeycomb.io', 443, true, 'api.honeycomb.io:443'],
  ['https://tempo.example.net:443/', false, 'tempo.example.net', 443, true, 'tempo.example.net:443'],
  ['sammler.größe.test:1', false, 'sammler.xn--gre-6ka8i.test', 1, false, 'sammler.xn--gre-6ka8i.test:1'],
  ['http://[::1]:4317', false, '::1', 4317, false, '[::1]:4317'],
]

test.for(GRPC)('grpc to "%s" (tls: %s)', ([written, tls, host, port, isTls, name]) => {
  const endpoint = parseEndpoint(otlpTo('grpc', written, { tls }), 'logs')
  expect(endpoint).toEqual({ host, port, tls: isTls, path: '', login: undefined, name })
})

const HTTP: readonly [
  written: string,
  tls: boolean,
  host: string,
  port: number,
  isTls: boolean,
  path: string,
  name: string,
][] = [
  ['', false, 'localhost', 4318, false, '/v1/logs', 'http://localhost:4318/v1/logs'],
  ['collector:4318', true, 'collector', 4318, true, '/v1/logs', 'https://collector:4318/v1/logs'],
  ['[::1]:1', false, '::1', 1, false, '/v1/logs', 'http://[::1]:1/v1/logs'],
  ['http://collector:4318', true, 'collector', 4318, false, '/v1/logs', 'http://collector:4318/v1/logs'],
  ['https://intake.test', false, 'intake.test', 443, true, '/v1/logs', 'https://intake.test/v1/logs'],
  ['https://intake.test/', false, 'intake.test', 443, true, '/', 'https://intake.test/'],
  [
    'http://loki:3100/otlp/v1/logs',
    false,
    'loki',
    3100,
    false,
    '/otlp/v1/logs',
    'http://loki:3100/otlp/v1/logs',
  ],
  ['http://a.test:80/x', false, 'a.test', 80, false, '/x', 'http://a.test/x'],
  ['https://a.test/x?key=secret', false, 'a.test', 443, true, '/x?key=secret', 'https://a.test/x'],
]

test.for(HTTP)('http to "%s" (tls: %s)', ([written, tls, host, port, isTls, path, name]) => {
  const endpoint = parseEndpoint(otlpTo('http', written, { tls }), 'logs')
  expect(endpoint).toEqual({ host, port, tls: isTls, path, login: undefined, name })
})

test('the path is that of the signal', () => {
  expect(parseEndpoint(otlpTo('http', 'a:1'), 'traces').path).toBe('/v1/traces')
})

test('a login is sent, and not shown', () => {
  const { login, name } = parseEndpoint(otlpTo('http', 'https://user:p%40ss@a.test/v1/logs'), 'logs')
  expect(login).toBe('user:p@ss')
  expect(name).toBe('https://a.test/v1/logs')
})

test.for([
  'ftp://user:secret@a.test',
  'a:b:c:d',
  'a:0',
  'a:70000',
  '[a:b]:1',
  'a b',
  'a/path',
  'http://',
  '{{HOST}}:1',
])('"%s" names no place', (written) => {
  for (const protocol of ['grpc', 'http'] as const) {
    const parse = () => parseEndpoint(otlpTo(protocol, written), 'logs')
    expect(parse).toThrow(OperatorError)
    expect(parse).not.toThrow(/secret/)
  }
})
