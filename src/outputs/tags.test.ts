import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SAMPLE_PROCESS } from '../../test/support/sample-exchange.ts'
import { someConnection } from '../../test/support/some-connection.ts'
import type { Container, Pod, Process } from '../capture/index.ts'
import { NO_TAG_RULES, readTag, type TagRules, tagMapOf, tagsOf } from './tags.ts'

const POD: Pod = {
  name: 'checkout-6d4c-9vq8k',
  namespace: 'shop',
  uid: '1',
  labels: { team: 'Blue Team' },
  annotations: { 'example.com/tier': 'Gold' },
}

function connectionOf(changes: Partial<Process> = {}) {
  return someConnection({
    local: { ip: '192.0.2.10', port: 40_000 },
    protocol: 'http2',
    process: { ...SAMPLE_PROCESS, ...changes },
  })
}

function someContainer(): Container {
  return { fullId: 'ab'.repeat(32), id: 'abababababab', state: 'pending', facts: undefined }
}

test('a connection has the automatic tags, in the documented order', () => {
  expect(tagsOf(connectionOf(), NO_TAG_RULES)).toEqual([
    'ip:192.0.2.10',
    'bin:curl',
    'strategy:observe',
    'host:web-1',
    'protocol:http2',
  ])
})

test('in a pod the host name is that of the pod, and its first part that of the application', () => {
  const tags = tagsOf(connectionOf({ podUid: '1', hostname: 'checkout-6d4c-9vq8k' }), NO_TAG_RULES)
  expect(tags.slice(3)).toEqual(['pod:checkout-6d4c-9vq8k', 'app:checkout', 'protocol:http2'])
})

test('a connection of an unknown process has those tags that need none', () => {
  const rules = { deployment: ['env:prod'], rules: [] }
  expect(tagsOf(someConnection({ protocol: undefined }), rules)).toEqual(['ip:127.0.0.1', 'env:prod'])
})

test('tags of the deployment, of the program and of the configuration follow; duplicates stay', () => {
  const facts = {
    runtime: 'cri',
    name: 'c',
    image: 'i',
    labels: { 'com.example.Role': 'web' },
    pod: POD,
  } as const
  const rules: TagRules = {
    deployment: ['Env:Prod', 'bin:curl'],
    rules: [
      { key: 'team', source: 'k8s.label', location: 'team' },
      { key: 'tier', source: 'k8s.annotation', location: 'example.com/tier' },
      { key: 'role', source: 'container.label', location: 'com.example.Role' },
      { key: 'version', source: 'env', location: 'APP_VERSION' },
      { key: 'nothing', source: 'env', location: 'constructor' },
      { key: 'nothing', source: 'k8s.label', location: 'not there' },
    ],
  }
  const connection = connectionOf({
    environment: { QPOINT_TAGS: 'a:1, b:2 ,broken,:empty,a:1', APP_VERSION: 'v1.2 (beta)' },
    container: { ...someContainer(), state: 'known', facts },
  })
  expect(tagsOf(connection, rules).slice(5)).toEqual([
    'env:prod',
    'bin:curl',
    'a:1',
    'b:2',
    'a:1',
    'team:blue-team',
    'tier:gold',
    'role:web',
    'version:v1.2-(beta',
  ])
  expect(tagMapOf(connection, rules)).toMatchObject({
    bin: ['curl', 'curl'],
    a: ['1', '1'],
    team: ['blue-team'],
  })
})

test.for([
  ['Team:Blue', 'team', 'blue'],
  ['  Team Name : Two  Words! ', 'team-name', 'two--words'],
  ['url:https://example.com/a', 'url', 'https://example.com/a'],
  ['_key_:(value)', 'key', 'value'],
] as const)('%j is read as %s and %s', ([text, key, value]) => {
  expect(readTag(text)).toEqual({ key, value })
})

test.for(['', 'key', 'key:', ':value', '--:value', 'key:---', `key:${'a'.repeat(1025)}`])(
  '%j is no tag',
  (text) => {
    expect(readTag(text)).toBeUndefined()
  },
)

test('no text makes anything but a tag in normal form, and reading that again changes nothing', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'Z', '9', ' ', '-', '_', ':', '/', '\t', 'é', '🙂', 'İ', '\0'),
  })
  let tags = 0
  fc.assert(
    fc.property(text, text, (before, after) => {
      const tag = readTag(`${before}:${after}`)
      if (tag === undefined) return
      tags += 1
      expect(tag.key).toMatch(/^[a-z0-9]([^ :A-Z]*[a-z0-9])?$/s)
      expect(tag.value).toMatch(/^[a-z0-9]([^ A-Z]*[a-z0-9])?$/s)
      expect(readTag(`${tag.key}:${tag.value}`)).toEqual(tag)
    }),
    { numRuns: 1000 },
  )
  expect(tags).toBeGreaterThan(300)
})

test('addresses stay as they are', () => {
  const connection = someConnection({ local: { ip: '::1', port: 1 } })
  expect(tagsOf(connection, NO_TAG_RULES)).toContain('ip:::1')
  expect(tagMapOf(connection, NO_TAG_RULES)['ip']).toEqual(['::1'])
})

test('what is asked again is not made again until something has changed', () => {
  const container = someContainer()
  const connection = connectionOf({ container })
  const rules: TagRules = {
    deployment: [],
    rules: [{ key: 'role', source: 'container.label', location: 'role' }],
  }
  const before = tagsOf(connection, rules)
  expect(tagsOf({ ...connection, id: 'another' }, rules)).toBe(before)
  container.facts = { runtime: 'docker', name: 'c', image: 'i', labels: { role: 'web' }, pod: undefined }
  expect(tagsOf(connection, rules)).toEqual([...before, 'role:web'])
  connection.protocol = 'grpc'
  expect(tagsOf(connection, rules)).toContain('protocol:grpc')
  expect(tagsOf(connection, { deployment: ['env:prod'], rules: [] })).toContain('env:prod')
  expect(tagsOf(connection, rules)).not.toContain('env:prod')
})

test('of a process with very many addresses each connection still has its own', () => {
  const { process } = connectionOf()
  for (let round = 0; round < 2; round += 1) {
    for (let host = 0; host < 40; host += 1) {
      const local = { ip: `192.0.2.${host}`, port: 1 }
      expect(tagsOf(someConnection({ process, local }), NO_TAG_RULES)[0]).toBe(`ip:192.0.2.${host}`)
    }
  }
})

test('a key that every object has is a key like any other', () => {
  const rules = { deployment: ['constructor:a', 'constructor:b'], rules: [] }
  expect(tagMapOf(connectionOf(), rules)['constructor']).toEqual(['a', 'b'])
})
