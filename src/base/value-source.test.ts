import { expect, test } from 'vitest'
import { expandEndpoint } from './value-source.ts'

const ENVIRONMENT = { HOST: 'collector.internal', _p1: '4317', EMPTY: '' }

test.each([
  ['{{HOST}}:4317', 'collector.internal:4317', []],
  ['http://{{ HOST }}:{{  _p1 }}/v1', 'http://collector.internal:4317/v1', []],
  ['{{NOWHERE}}:{{ EMPTY }}', '{{NOWHERE}}:{{ EMPTY }}', ['NOWHERE', 'EMPTY']],
  ['{{constructor}}', '{{constructor}}', ['constructor']],
  ['{HOST} $HOST {{1A}} {{A-B}} {{}}', '{HOST} $HOST {{1A}} {{A-B}} {{}}', []],
  ['localhost:4317', 'localhost:4317', []],
])('%s becomes %s', (written, text, unset) => {
  expect(expandEndpoint(written, ENVIRONMENT)).toEqual({ text, unset })
})

test('a value is not expanded again', () => {
  expect(expandEndpoint('{{A}}', { A: '{{B}}', B: 'x' }).text).toBe('{{B}}')
})
