import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import type { Container, EndpointStacks, Pod } from '../capture/index.ts'
import { openRouter } from './routing.ts'

const STACKS = ['main', 'calls', 'quiet', 'pods']
const MAIN = { http: 'main', grpc: undefined }
const CALL = {
  service: 'a.B',
  method: 'C',
  status: undefined,
  statusName: '',
  message: '',
  requestMessages: 0,
  responseMessages: 0,
  requestMessagesMissed: false,
  responseMessagesMissed: false,
}

interface Wishes {
  readonly domain?: string
  readonly grpc?: boolean
  readonly label?: string
}

function routed(stacks: EndpointStacks['stacks'], endpoints: readonly EndpointStacks[], wishes: Wishes = {}) {
  const unknown: string[] = []
  const router = openRouter(
    { stacks, endpoints },
    (name) => STACKS.includes(name),
    (name) => unknown.push(name),
  )
  const { domain = 'api.example.com', grpc = false, label } = wishes
  const exchange = sampleExchange({
    connection: { tls: undefined },
    request: { authority: domain },
    process: label === undefined ? {} : { container: labelled(label) },
    exchange: grpc ? { grpc: CALL } : {},
  })
  return { name: router.stackFor(exchange), unknown, leadsAnywhere: router.leadsAnywhere }
}

function labelled(stack: string): Container {
  const pod: Pod = {
    name: 'web-1',
    namespace: 'shop',
    uid: '',
    labels: { 'tap.qpoint.io/stack': stack },
    annotations: {},
  }
  const facts = { runtime: 'cri', name: 'web', image: 'web:1', labels: {}, pod } as const
  return { fullId: 'a'.repeat(64), id: 'a'.repeat(12), state: 'known', facts }
}

const entry = (domain: string, http: string | undefined, grpc?: string): EndpointStacks => ({
  domain,
  stacks: { http, grpc },
})

test('without anything particular the stack of the protocol is taken', () => {
  expect(routed(MAIN, []).name).toBe('main')
  expect(routed(MAIN, [], { grpc: true }).name).toBe('main')
  expect(routed({ http: 'main', grpc: 'calls' }, [], { grpc: true }).name).toBe('calls')
  expect(routed({ http: 'main', grpc: '' }, [], { grpc: true }).name).toBeUndefined()
  expect(routed({ http: undefined, grpc: undefined }, []).name).toBeUndefined()
})

test.each([
  ['api.example.com', 'quiet'],
  ['API.Example.com', 'quiet'],
  ['a.api.example.com', 'main'],
  ['x.example.org', 'pods'],
  ['y.x.example.org', 'pods'],
  ['deep.z.example.org', 'calls'],
  ['example.org', 'main'],
  ['other.example', 'main'],
])('an entry for the domain goes before: %s leads to %s', (domain, name) => {
  const endpoints = [
    entry('api.example.com', 'quiet'),
    entry('*.example.org', 'pods'),
    entry('*.z.example.org', 'calls'),
  ]
  expect(routed(MAIN, endpoints, { domain }).name).toBe(name)
})

test('a domain may be left out, and an entry for calls leaves other exchanges alone', () => {
  expect(routed(MAIN, [entry('api.example.com', '')]).name).toBeUndefined()
  const calls = [entry('api.example.com', undefined, 'calls')]
  expect(routed(MAIN, calls).name).toBe('main')
  expect(routed(MAIN, calls, { grpc: true }).name).toBe('calls')
})

test('of entries for one domain each counts for its protocol, and one that says nothing is passed over', () => {
  const apart = [entry('api.example.com', 'quiet'), entry('api.example.com', undefined, 'calls')]
  expect(routed(MAIN, apart).name).toBe('quiet')
  expect(routed(MAIN, apart, { grpc: true }).name).toBe('calls')
  const below = [entry('*.example.com', 'quiet'), entry('api.example.com', undefined, 'calls')]
  expect(routed(MAIN, below).name).toBe('quiet')
  expect(routed(MAIN, [entry('*.example.com', 'quiet'), entry('api.example.com', undefined)]).name).toBe(
    'quiet',
  )
  expect(routed(MAIN, [entry('api.example.com', 'quiet'), entry('api.example.com', 'pods')]).name).toBe(
    'pods',
  )
})

test('the label of a pod goes before all, unless there is no such stack', () => {
  const endpoints = [entry('api.example.com', 'quiet')]
  expect(routed(MAIN, endpoints, { label: 'pods' })).toMatchObject({ name: 'pods', unknown: [] })
  expect(routed(MAIN, endpoints, { label: 'nowhere' })).toMatchObject({ name: 'quiet', unknown: ['nowhere'] })
})

test('it leads somewhere when any entry does', () => {
  expect(routed(MAIN, []).leadsAnywhere).toBe(true)
  expect(routed({ http: '', grpc: undefined }, [entry('a.example', '')]).leadsAnywhere).toBe(false)
  expect(routed({ http: '', grpc: undefined }, [entry('a.example', 'main')]).leadsAnywhere).toBe(true)
})
