import { expect, test } from 'vitest'
import { z } from 'zod'
import { sampleExchange, sampleProgress } from '../../test/support/sample-exchange.ts'
import { type LogFields, silentLog, source } from '../base/index.ts'
import type { Exchange, Progress } from '../exchanges/index.ts'
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

const watcher = pluginType({
  type: 'watcher',
  options: z.object({ breaks: z.boolean().default(false) }),
  open: ({ breaks }, { emit }) => ({
    wantsBodies: false,
    exchange() {},
    progress({ id }) {
      if (breaks) throw new RangeError(id)
      emit({ kind: 'text', text: id })
    },
  }),
})

function run(stack: Parameters<typeof runPlugins>[1]) {
  const exchanges = source<Exchange>({})
  const progress = source<Progress>({})
  const said: LogFields[] = []
  const outputs: Output[] = []
  const log = { ...silentLog, error: (_message: string, fields: LogFields = {}) => said.push(fields) }
  const surroundings = {
    clock: { bootEpochMs: 0 },
    terminal: { colour: false, columns: 80 },
    warn: () => {},
    log,
  }
  const plugins = runPlugins({ ...exchanges, progress }, stack, surroundings, { echo, broken, watcher })
  plugins.listen((output) => outputs.push(output))
  return { exchanges, progress, plugins, outputs, said }
}

test('progress goes to the plugins that take it, and one that throws stops no other', () => {
  const { progress, plugins, outputs, said } = run([
    { type: 'echo', config: { word: 'not this one' } },
    { type: 'watcher', config: { breaks: true } },
    { type: 'watcher', config: {} },
  ])
  progress.emit(sampleProgress())
  expect(outputs).toEqual([{ kind: 'text', text: 'd654d8g7p3qnd27vfhb0' }])
  expect(plugins.stats).toMatchObject({ exchanges: 0, progress: 1, failures: 1 })
  expect(JSON.stringify(said)).not.toContain('d654d8g7p3qnd27vfhb0')
})

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
