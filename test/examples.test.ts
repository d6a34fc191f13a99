import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { validateConfig } from '../src/config.ts'

const EXAMPLES = new URL('../examples/', import.meta.url)
const COLLECTOR = new URL('collector/', EXAMPLES)
const BACKENDS = [
  'clickstack',
  'datadog',
  'elastic',
  'grafana-cloud',
  'honeycomb',
  'jaeger',
  'loki',
  'new-relic',
  'tempo',
].map((name) => `${name}.yaml`)

const namesIn = (folder: URL) => readdirSync(folder).filter((name) => name.endsWith('.yaml'))

test('every backend has an example, and a configuration of the Collector', () => {
  expect(namesIn(EXAMPLES)).toEqual(BACKENDS)
  expect(namesIn(COLLECTOR)).toEqual(BACKENDS)
})

test.each(BACKENDS)('%s is valid, with and without its variables', (name) => {
  const text = readFileSync(new URL(name, EXAMPLES), 'utf8')
  const variables = new Set(text.match(/(?<=value: )[A-Z_]+|(?<=\{\{ )[A-Z_]+(?= \}\})/g))
  const environment = Object.fromEntries([...variables].map((variable) => [variable, 'example']))
  expect(validateConfig(text, name, environment)).toEqual({ valid: true, lines: ['Config is valid.'] })
  expect(validateConfig(text, name, {})).toMatchObject({ valid: true })
})

test.each(BACKENDS)('the Collector for %s uses what it declares, and no more', (name) => {
  const config = parse(readFileSync(new URL(name, COLLECTOR), 'utf8'))
  const pipelines: object[] = Object.values(config.service.pipelines)
  for (const kind of ['receivers', 'processors', 'exporters'] as const) {
    const used = pipelines.flatMap(
      (pipeline) => Object.entries(pipeline).find(([key]) => key === kind)?.[1] ?? [],
    )
    expect(new Set(used)).toEqual(new Set(Object.keys(config[kind])))
  }
})
