import { expect, test } from 'vitest'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { type Clock, createLineWriter, type LogFields, silentLog, source } from '../base/index.ts'
import {
  type Artifact,
  artifactRecordDocument,
  createArtifact,
  createCanonicalNames,
  EVENTS,
  type Event,
  NO_TAG_RULES,
  type Output,
} from '../outputs/index.ts'
import { fillStores } from './fill.ts'
import { openStores } from './open.ts'
import type { Services } from './options.ts'
import { eventStore, objectStore } from './store.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const clock: Clock = { bootEpochMs: 0, nowMs: () => NOW_MS, elapsedMs: () => 0 }

const artifact = createArtifact(
  sampleExchange(),
  { level: 'full', format: 'json', objectStore: undefined, tags: NO_TAG_RULES },
  NOW_MS,
  createCanonicalNames(),
)

/** Beside the real stores there are two of the test: `shelf` keeps objects, `book` keeps events. */
async function fill(
  services: Services,
  whenStored: (turn: number) => Promise<void> | undefined = () => undefined,
) {
  let printed = ''
  const said: (LogFields | undefined)[] = []
  const log = { ...silentLog, warn: (_message: string, fields?: LogFields) => said.push(fields) }
  const standardOutput = createLineWriter(
    (batches, done) => {
      const bytes = Buffer.concat(batches)
      printed += bytes.toString('utf8')
      setImmediate(done, null, bytes.length)
    },
    { log: silentLog },
  )
  const booked: [string, Event][] = []
  const shelved: [string, Artifact][] = []
  const closed: string[] = []
  const { EVENT_STORES } = await import('./events/registry.ts')
  const { OBJECT_STORES } = await import('./objects/registry.ts')
  const { z } = await import('zod')
  const options = z.object({ name: z.string() })
  let turn = 0
  const book = eventStore({
    type: 'book',
    options,
    open: ({ name }) => ({
      stats: { marked: booked.length },
      take: (event) => void booked.push([name, event]),
      close: async () => void closed.push(name),
    }),
  })
  const shelf = objectStore({
    type: 'shelf',
    options,
    open: ({ name }, { stored }) => ({
      stats: {},
      take(one) {
        shelved.push([name, one])
        turn += 1
        const document = artifactRecordDocument(one, `https://shelf.example/${one.digest}`, NOW_MS)
        const waiting = whenStored(turn)
        if (waiting === undefined) stored(document)
        else void waiting.then(() => stored(document))
      },
      close: async () => void closed.push(name),
    }),
  })
  const context = { standardOutput, clock, log, version: 'v1.2.3', dataDir: undefined }
  const types = { eventStores: { ...EVENT_STORES, book }, objectStores: { ...OBJECT_STORES, shelf } }
  const stores = await openStores(services, context, types)
  const outputs = source<Output>({})
  const filling = fillStores(outputs, stores, context)
  const lines = async () => {
    await standardOutput.flush(1000)
    return printed.split('\n').slice(0, -1)
  }
  const replace = async (next: Services) =>
    filling.replace(await openStores(next, context, types, filling.stores()))
  return { outputs, filling, replace, lines, booked, shelved, closed, said }
}

const bookNamed = (name: string, id?: string) => ({ type: 'book', id, options: { name } })
const shelfNamed = (name: string, id?: string) => ({
  type: 'shelf',
  id,
  options: { name },
  records: { kind: 'to', eventStore: undefined } as const,
})
const STDOUT = { type: 'stdout', id: undefined, options: {} }
const STDOUT_OBJECTS = { ...STDOUT, records: { kind: 'to', eventStore: undefined } as const }

test('standard output gets the lines in the order of the outputs', async () => {
  const { outputs, lines } = await fill({ eventStores: [STDOUT], objectStores: [STDOUT_OBJECTS] })
  outputs.emit({ kind: 'text', text: 'first' })
  outputs.emit(artifact)
  outputs.emit({ kind: 'text', text: 'last' })
  const [first, object, last, ...more] = await lines()
  expect([first, last, more]).toEqual(['first', 'last', []])
  expect(JSON.parse(object ?? '')).toEqual({
    message: 'object store submission',
    type: 'http_transaction',
    contentType: 'application/json',
    bytes: artifact.data.length,
    digest: artifact.digest,
    data_base64: Buffer.from(artifact.data).toString('base64'),
  })
})

test('an object that was stored leads to a record with its address', async () => {
  const { outputs, lines, filling } = await fill({ eventStores: [STDOUT], objectStores: [shelfNamed('a')] })
  outputs.emit(artifact)
  const printed = await lines()
  expect(printed.map((line) => JSON.parse(line))).toEqual([
    {
      level: 'info',
      ts: NOW_MS / 1000,
      message: 'event store submission',
      type: '*eventstore.ArtifactRecord',
      item: {
        connectionId: 'd654d887p3qnd27vfhag',
        endpointId: 'api.example.com',
        requestId: 'd654d8g7p3qnd27vfhb0',
        tags: ['ip:192.0.2.10', 'bin:curl', 'strategy:observe', 'host:web-1', 'protocol:http2'],
        timestamp: '2026-01-02T03:04:05.678Z',
        type: 'http_transaction',
        digest: artifact.digest,
        url: `https://shelf.example/${artifact.digest}`,
        summary: artifact.summary,
      },
    },
  ])
  expect(printed.join()).not.toContain('page=2')
  expect(filling.stats).toMatchObject({ objects: 1, events: 1, records: 1 })
})

test('events of every kind go to the first event store, as the documents they are', async () => {
  const { outputs, booked, filling } = await fill({
    eventStores: [bookNamed('first'), bookNamed('second', 'two')],
    objectStores: [],
  })
  const events: Event[] = [
    { kind: 'connection', document: EVENTS.connection.example },
    { kind: 'request', document: EVENTS.request.example },
    { kind: 'issue', document: EVENTS.issue.example },
    { kind: 'artifact_record', document: EVENTS.artifact_record.example },
  ]
  for (const event of events) outputs.emit(event)
  expect(booked).toEqual(events.map((event) => ['first', event]))
  expect(filling.stats).toMatchObject({ events: 4 })
})

test('standard output names the kinds of events by the words that programs look for', async () => {
  const { outputs, lines } = await fill({ eventStores: [STDOUT], objectStores: [] })
  outputs.emit({ kind: 'connection', document: EVENTS.connection.example })
  outputs.emit({ kind: 'request', document: EVENTS.request.example })
  outputs.emit({ kind: 'issue', document: EVENTS.issue.example })
  const printed = (await lines()).map((line) => JSON.parse(line))
  expect(printed.map(({ message, type, item }) => [message, type, item])).toEqual([
    ['event store submission', '*eventstore.Connection', EVENTS.connection.example],
    ['event store submission', '*eventstore.Request', EVENTS.request.example],
    ['event store submission', '*eventstore.Issue', EVENTS.issue.example],
  ])
})

test('events need not be made when the first event store keeps none', async () => {
  const wants = async (eventStores: Services['eventStores']) => {
    const { filling } = await fill({ eventStores, objectStores: [] })
    return filling.wantsEvents()
  }
  expect(await wants([])).toBe(false)
  expect(await wants([{ ...STDOUT, type: 'disabled' }, bookNamed('other', 'other')])).toBe(false)
  expect(await wants([STDOUT])).toBe(true)
})

test('records wait until the object is stored', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { outputs, booked } = await fill(
    { eventStores: [bookNamed('b')], objectStores: [shelfNamed('a')] },
    () => promise,
  )
  outputs.emit(artifact)
  expect(booked).toEqual([])
  resolve()
  await expect.poll(() => booked.length).toBe(1)
})

test('the first store is the default, others are chosen by id, and nothing is stored twice', async () => {
  const { outputs, shelved } = await fill({
    eventStores: [],
    objectStores: [shelfNamed('first', 'one'), shelfNamed('second', 'two')],
  })
  for (const objectStore of [undefined, 'two', 'one']) outputs.emit({ ...artifact, objectStore })
  expect(shelved.map(([name]) => name)).toEqual(['first', 'second', 'first'])
})

test('of two stores with one id the later counts', async () => {
  const { outputs, shelved } = await fill({
    eventStores: [],
    objectStores: [shelfNamed('default'), shelfNamed('early', 'x'), shelfNamed('late', 'x')],
  })
  outputs.emit({ ...artifact, objectStore: 'x' })
  expect(shelved.map(([name]) => name)).toEqual(['late'])
})

test('an object store sends its records where it says, or nowhere', async () => {
  const { outputs, booked, shelved } = await fill({
    eventStores: [bookNamed('default'), bookNamed('other', 'other')],
    objectStores: [
      { ...shelfNamed('a'), records: { kind: 'to', eventStore: 'other' } },
      { ...shelfNamed('b', 'silent'), records: { kind: 'nowhere' } },
    ],
  })
  outputs.emit(artifact)
  outputs.emit({ ...artifact, objectStore: 'silent' })
  expect(booked.map(([name]) => name)).toEqual(['other'])
  expect(shelved.length).toBe(2)
})

test('an output for a store that does not exist is counted and said once', async () => {
  const { outputs, filling, said } = await fill({ eventStores: [], objectStores: [shelfNamed('a')] })
  outputs.emit({ ...artifact, objectStore: 'nowhere' })
  outputs.emit({ ...artifact, objectStore: 'nowhere' })
  expect(filling.stats['unrouted']).toBe(2)
  expect(said).toEqual([{ kind: 'object store', id: 'nowhere' }])
})

test('without stores objects vanish and no record follows', async () => {
  const { outputs, lines, filling } = await fill({ eventStores: [], objectStores: [] })
  outputs.emit(artifact)
  expect(await lines()).toEqual([])
  expect(filling.stats).toMatchObject({ objects: 1, records: 0 })
})

test('object stores close before event stores', async () => {
  const { filling, closed } = await fill({ eventStores: [bookNamed('b')], objectStores: [shelfNamed('a')] })
  await filling.close(5_000)
  expect(closed).toEqual(['a', 'b'])
})

test('when one store cannot be opened, the others are closed again', async () => {
  const closed: string[] = []
  const { z } = await import('zod')
  const good = eventStore({
    type: 'good',
    options: z.object({}),
    open: () => ({ stats: {}, take() {}, close: async () => void closed.push('good') }),
  })
  const bad = objectStore({
    type: 'bad',
    options: z.object({}),
    open: () => Promise.reject(new Error('bucket is required')),
  })
  const standardOutput = createLineWriter(() => {}, { log: silentLog })
  const opening = openStores(
    {
      eventStores: [{ type: 'good', id: undefined, options: {} }],
      objectStores: [{ ...STDOUT_OBJECTS, type: 'bad' }],
    },
    { standardOutput, clock, log: silentLog, version: '', dataDir: undefined },
    { eventStores: { good }, objectStores: { bad } },
  )
  await expect(opening).rejects.toThrow('bucket is required')
  expect(closed).toEqual(['good'])
})

test('stores are replaced at once; what the former ones still store is recorded the new way', async () => {
  const stored = Promise.withResolvers<void>()
  const { outputs, filling, replace, booked, shelved, closed } = await fill(
    { eventStores: [bookNamed('old book')], objectStores: [shelfNamed('old shelf')] },
    (turn) => (turn === 1 ? stored.promise : undefined),
  )
  outputs.emit(artifact)
  const replaced = replace({ eventStores: [bookNamed('new book')], objectStores: [shelfNamed('new shelf')] })
  await expect.poll(() => closed).toEqual(['old shelf', 'old book'])
  await replaced
  outputs.emit(artifact)
  stored.resolve()
  await expect.poll(() => booked.map(([name]) => name)).toEqual(['new book', 'new book'])
  expect(shelved.map(([name]) => name)).toEqual(['old shelf', 'new shelf'])
  expect(filling.wantsEvents()).toBe(true)
  await filling.close(5_000)
  expect(closed.slice(2)).toEqual(['new shelf', 'new book'])
})

test('a store that stays in the configuration stays open; where its records go may change', async () => {
  const books = [bookNamed('b'), bookNamed('other', 'other')]
  const { outputs, replace, booked, closed } = await fill({
    eventStores: books,
    objectStores: [shelfNamed('a'), shelfNamed('gone', 'gone')],
  })
  await replace({
    eventStores: books,
    objectStores: [{ ...shelfNamed('a'), records: { kind: 'to', eventStore: 'other' } }],
  })
  expect(closed).toEqual(['gone'])
  outputs.emit(artifact)
  expect(booked.map(([name]) => name)).toEqual(['other'])
})

test('what each store counts is found by its name', async () => {
  const { filling } = await fill({
    eventStores: [STDOUT, bookNamed('b', 'x'), bookNamed('c', 'x')],
    objectStores: [STDOUT_OBJECTS],
  })
  expect(filling.storeStats()).toEqual({
    'events/stdout': { events: 0 },
    'events/book/x': { marked: 0 },
    'events/book/x#2': { marked: 0 },
    'objects/stdout': { objects: 0 },
  })
})

test('a store that throws costs its output, is counted, and is said once', async () => {
  const { z } = await import('zod')
  const broken = eventStore({
    type: 'broken',
    options: z.object({}),
    open: () => ({
      stats: {},
      take() {
        throw new TypeError('what was captured')
      },
      close: async () => {},
    }),
  })
  const said: unknown[] = []
  const log = { ...silentLog, warn: (...words: unknown[]) => said.push(words) }
  const standardOutput = createLineWriter(() => {}, { log: silentLog })
  const surroundings = { standardOutput, clock, log, version: '', dataDir: undefined }
  const services = { eventStores: [{ type: 'broken', id: undefined, options: {} }], objectStores: [] }
  const { OBJECT_STORES: objectStores } = await import('./objects/registry.ts')
  const stores = await openStores(services, surroundings, { eventStores: { broken }, objectStores })
  const outputs = source<Output>({})
  const filling = fillStores(outputs, stores, surroundings)
  for (let count = 0; count < 3; count += 1) {
    outputs.emit({ kind: 'connection', document: EVENTS.connection.example })
  }
  expect(filling.stats).toMatchObject({ failed: 3 })
  expect(said).toEqual([['a store failed to take an output', { store: 'events/broken', error: 'TypeError' }]])
})
