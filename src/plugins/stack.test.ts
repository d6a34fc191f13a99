import { expect, test } from 'vitest'
import { z } from 'zod'
import { sampleExchange } from '../../test/support/sample-exchange.ts'
import { type LogFields, silentLog, source } from '../base/index.ts'
import type { Exchange } from '../exchanges/index.ts'
import type { Output } from '../outputs/index.ts'
import { pluginType } from './plugin.ts'
import { PLUGINS } from './registry.ts'
import { runPlugins } from './stack.ts'

const echo = pluginType({
  type: 'echo',
  options: z.object({ word: z.string() }),
  open: ({ word }, { emit }) => ({
    wantsBodies: word === 'bodies',
    exchange: () => emit({ kind: 'text', text: word }),
  }),
})

const broken = pluginType({
  type: 'broken',
  options: z.object({}),
  open: () => ({
    wantsBodies: false,
    exchange({ request }) {
      throw new TypeError(`cannot print ${request.url}\n    at ${request.url}`)
    },
  }),
})

function run(stack: Parameters<typeof runPlugins>[1]) {
  const exchanges = source<Exchange>({})
  const said: LogFields[] = []
  const outputs: Output[] = []
  const log = { ...silentLog, error: (_message: string, fields: LogFields = {}) => said.push(fields) }
  const surroundings = {
    clock: { bootEpochMs: 0 },
    terminal: { colour: false, columns: 80 },
    warn: () => {},
    log,
  }
  const plugins = runPlugins(exchanges, stack, surroundings, { echo, broken })
  plugins.listen((output) => outputs.push(output))
  return { exchanges, plugins, outputs, said }
}

test('every plugin sees every exchange, in the order of the stack', () => {
  const { exchanges, plugins, outputs } = run([
    { type: 'echo', config: { word: 'one' } },
    { type: 'echo', config: { word: 'two' } },
  ])
  exchanges.emit(sampleExchange())
  exchanges.emit(sampleExchange())
  expect(outputs.map((output) => (output.kind === 'text' ? output.text : ''))).toEqual([
    'one',
    'two',
    'one',
    'two',
  ])
  expect(plugins.stats).toMatchObject({ exchanges: 2, texts: 4, failures: 0 })
  expect(plugins.wantsBodies).toBe(false)
})

test('bodies are wanted as soon as one plugin wants them', () => {
  const stack = ['one', 'bodies'].map((word) => ({ type: 'echo', config: { word } }))
  expect(run(stack).plugins.wantsBodies).toBe(true)
})

test('a plugin that throws stops no other, is counted, and said once without captured bytes', () => {
  const { exchanges, plugins, outputs, said } = run([
    { type: 'broken', config: {} },
    { type: 'echo', config: { word: 'still here' } },
  ])
  exchanges.emit(sampleExchange())
  exchanges.emit(sampleExchange())
  expect(outputs.length).toBe(2)
  expect(plugins.stats['failures']).toBe(2)
  expect(said).toEqual([
    { plugin: 'broken', error: 'TypeError', at: expect.stringContaining('stack.test.ts') },
  ])
  expect(JSON.stringify(said)).not.toContain('example.com')
})

test('each entry of the table has its own word as type', () => {
  expect(Object.entries(PLUGINS).map(([word, plugin]) => [word, plugin.type])).toEqual(
    Object.keys(PLUGINS).map((word) => [word, word]),
  )
})
