import { expect, test } from 'vitest'
import type { z } from 'zod'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import { summarise } from '../summary.ts'
import { ArtifactRecordDocument, EVENTS } from './documents.ts'

const KINDS = ['connection', 'artifact_record', 'request', 'issue'] as const

test('these are all events', () => {
  expect(Object.keys(EVENTS)).toEqual(KINDS)
})

// Parsing leaves out what a declaration does not know, at every depth.
test.for(KINDS)('the example of %s is just what its declaration says', (kind) => {
  const { document, example } = EVENTS[kind]
  expect(document.parse(example)).toStrictEqual(example)
})

test('an example with a field that is not declared would be found', () => {
  const { document, example } = EVENTS.connection
  const { source } = example
  const planted = { ...example, source: { ...source, address: { ...source.address, mac: '' } } }
  expect(document.parse(planted)).not.toStrictEqual(planted)
})

test.for(KINDS)('every field of %s is described, and when it is absent', (kind) => {
  expect(undescribed(EVENTS[kind].document, kind)).toEqual([])
})

test('every key that a summary can have is documented', () => {
  const { shape } = ArtifactRecordDocument
  const pod = { name: 'p', namespace: 'n', uid: '1', labels: {}, annotations: {} }
  const facts = { runtime: 'cri', name: 'c', image: 'i', labels: {}, pod } as const
  const exchange = sampleExchange({
    process: { container: { fullId: 'ab'.repeat(32), id: 'abababababab', state: 'known', facts } },
    request: { headers: [['content-type', 'application/grpc']] },
    exchange: {
      completeness: 'gap',
      grpc: {
        service: 's',
        method: 'm',
        status: 5,
        statusName: 'NOT_FOUND',
        message: '',
        requestMessages: 1,
        requestMessagesMissed: false,
        responseMessages: 1,
        responseMessagesMissed: false,
      },
    },
  })
  const keys = Object.keys(summarise(exchange))
  expect(keys).toHaveLength(21)
  expect(keys.filter((key) => !shape.summary.description?.includes(`\`${key}\``))).toEqual([])
})

function undescribed(schema: z.core.$ZodType, name: string): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  if (def.type !== 'object') return 'innerType' in def ? undescribed(def.innerType, name) : []
  return Object.entries(def.shape).flatMap(([key, field]) => {
    const about = descriptionOf(field) ?? ''
    const isOptional = field._zod.optout === 'optional'
    const says = about !== '' && (!isOptional || /\b(absent|present)\b/i.test(about))
    return [...(says ? [] : [`${name}.${key}`]), ...undescribed(field, `${name}.${key}`)]
  })
}

function descriptionOf(schema: z.core.$ZodType): string | undefined {
  const { description } = schema as z.ZodType
  const { def } = (schema as z.core.$ZodTypes)._zod
  return description ?? ('innerType' in def ? descriptionOf(def.innerType) : undefined)
}
