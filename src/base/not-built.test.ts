import { expect, test } from 'vitest'
import { leaveOut, notBuiltAt } from './not-built.ts'

const NOT_BUILT = [
  { path: 'rulekit.*' },
  { path: 'stores[]', named: ['otel', 's3'] },
  { path: 'groups[]', named: ['gke'] },
  { path: 'stacks.*.plugins[].config.rules' },
]

test('parts are left out and named by path and type', () => {
  const { value, ignored } = leaveOut(
    {
      rulekit: { macros: [{ name: 'a' }] },
      stores: [{ type: 'otel' }, { type: 'stdout' }, { type: 's3' }],
      groups: ['qpoint', 'gke'],
      stacks: { main: { plugins: [{ type: 'x', config: { rules: [1], level: 'full' } }] } },
    },
    NOT_BUILT,
  )
  expect(value).toEqual({
    rulekit: {},
    stores: [{ type: 'stdout' }],
    groups: ['qpoint'],
    stacks: { main: { plugins: [{ type: 'x', config: { level: 'full' } }] } },
  })
  expect(ignored.map((part) => part.description)).toEqual([
    'rulekit.macros',
    'stores[0] (otel)',
    'stores[2] (s3)',
    'groups[1] (gke)',
    'stacks.main.plugins[0].config.rules',
  ])
})

test('a part that is empty is not worth naming', () => {
  const { ignored } = leaveOut({ rulekit: { macros: [], more: null } }, NOT_BUILT)
  expect(ignored).toEqual([])
})

test('the original place of an item is known after others in front of it are gone', () => {
  const left = leaveOut({ stores: [{ type: 'otel' }, { type: 'stdout', id: 'a' }] }, NOT_BUILT)
  expect(left.originalPath(['stores', 0, 'id'])).toEqual(['stores', 1, 'id'])
})

test.each(['text', null, 7, ['a']])('what is not shaped as expected is left alone: %j', (stores) => {
  expect(leaveOut({ stores }, NOT_BUILT).value).toEqual({ stores })
})

test('the names known at a path are its keys or its types', () => {
  expect(notBuiltAt(NOT_BUILT, ['stores'])).toEqual(['otel', 's3'])
  expect(notBuiltAt(NOT_BUILT, ['stacks', 'any', 'plugins', 3, 'config'])).toEqual(['rules'])
  expect(notBuiltAt(NOT_BUILT, [])).toEqual([])
})
