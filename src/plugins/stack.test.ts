import { expect, test } from 'vitest'
import { z } from 'zod'
import { sampleExchange, sampleProgress } from '../../test/support/sample-exchange.ts'
import { type LogFields, SILENT_METER, silentLog, source } from '../base/index.ts'
import type { Exchange, Progress } from '../exchanges/index.ts'
import { NO_TAG_RULES, type Output } from '../outputs/index.ts'
import type { PluginConfig, Stacks } from './options.ts'
import { pluginType } from './plugin.ts'
import { PLUGINS } from './registry.ts'
import { type PluginOutputs, type Processing, runPlugins } from './stack.ts'

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

/** Wants the bodies of answers that are errors, and sees less of each exchange than passed. */
const careful = pluginType({
  type: 'careful',
  options: z.object({}),
  open: (_options, { emit, shown }) => ({
    wantsBodies: ({ response }) => (response?.status ?? 0) >= 400,
    redact: (exchange) => ({ ...exchange, request: { ...exchange.request, path: '/hidden' } }),
    exchange: (exchange) => emit({ kind: 'text', text: shown(exchange).request.path }),
  }),
})

const plain = pluginType({
  type: 'plain',
  options: z.object({}),
  open: (_options, { emit, shown }) => ({
    wantsBodies: false,
    exchange: (exchange) => emit({ kind: 'text', text: shown(exchange).request.path }),
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

const counting = pluginType({
  type: 'counting',
  options: z.object({ step: z.number() }),
  open({ step }) {
    const stats = { seen: 0 }
    return {
      wantsBodies: false,
      stats,
      exchange() {
        stats.seen += step
      },
    }
  },
})

const TYPES = { counting, echo, broken, watcher, careful, plain }

function processing(stack: readonly PluginConfig[], other: Stacks = {}): Processing {
  return {
    tap: { stacks: { http: 'main', grpc: undefined }, endpoints: [] },
    stacks: { main: stack, ...other },
    macros: [],
    tags: NO_TAG_RULES,
  }
}

function run(stack: readonly PluginConfig[]) {
  const exchanges = source<Exchange>({})
  const progress = source<Progress>({})
  const said: LogFields[] = []
  const outputs: Output[] = []
  const log = { ...silentLog, error: (_message: string, fields: LogFields = {}) => said.push(fields) }
  const surroundings = {
    clock: { bootEpochMs: 0 },
    terminal: { colour: false, columns: 80 },
    meter: SILENT_METER,
    warn: () => {},
    log,
  }
  const plugins = runPlugins({ ...exchanges, progress }, processing(stack), surroundings, TYPES)
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
  expect(plugins.wantsBodies()).toBe(false)
})

test('bodies are wanted as soon as one plugin wants them', () => {
  const stack = ['one', 'bodies'].map((word) => ({ type: 'echo', config: { word } }))
  expect(wantsOf(run(stack).plugins, sampleExchange())).toBe(true)
})

function wantsOf(plugins: PluginOutputs, exchange: Exchange): boolean {
  const wants = plugins.wantsBodies()
  return typeof wants === 'boolean' ? wants : wants(exchange)
}

test('a plugin may want the bodies of some exchanges only', () => {
  const { plugins } = run([
    { type: 'careful', config: {} },
    { type: 'plain', config: {} },
  ])
  expect(wantsOf(plugins, sampleExchange())).toBe(false)
  expect(wantsOf(plugins, sampleExchange({ response: { status: 500 } }))).toBe(true)
})

test('nobody knows what is wanted of a container that was not named yet', () => {
  const { plugins } = run([{ type: 'careful', config: {} }])
  const container = {
    fullId: 'a'.repeat(64),
    id: 'a'.repeat(12),
    state: 'pending',
    facts: undefined,
  } as const
  expect(wantsOf(plugins, sampleExchange({ process: { container } }))).toBe(true)
})

test('what one plugin of a stack redacts, the others do not see', () => {
  const { exchanges, outputs } = run([
    { type: 'plain', config: {} },
    { type: 'careful', config: {} },
  ])
  exchanges.emit(sampleExchange())
  expect(outputs).toEqual([
    { kind: 'text', text: '/hidden' },
    { kind: 'text', text: '/hidden' },
  ])
})

test('with another configuration the next exchange goes another way', () => {
  const { exchanges, plugins, outputs } = run([{ type: 'echo', config: { word: 'before' } }])
  exchanges.emit(sampleExchange())
  plugins.reconfigure(processing([{ type: 'echo', config: { word: 'bodies' } }]))
  exchanges.emit(sampleExchange())
  expect(outputs.map((output) => (output.kind === 'text' ? output.text : ''))).toEqual(['before', 'bodies'])
  expect(wantsOf(plugins, sampleExchange())).toBe(true)
  plugins.reconfigure({ ...processing([]), tap: { stacks: { http: '', grpc: undefined }, endpoints: [] } })
  exchanges.emit(sampleExchange())
  expect([outputs.length, plugins.leadsAnywhere(), plugins.stats['withoutStack']]).toEqual([2, false, 1])
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

test('what plugins count is told by their type', () => {
  const { exchanges, plugins } = run([
    { type: 'counting', config: { step: 1 } },
    { type: 'counting', config: { step: 10 } },
  ])
  exchanges.emit(sampleExchange())
  exchanges.emit(sampleExchange())
  expect(plugins.pluginStats()).toEqual({ counting: { seen: 22 } })
})
