import { expect, test } from 'vitest'
import { sampleExchange } from '../../../test/support/sample-exchange.ts'
import type { Artifact, Output } from '../../outputs/index.ts'
import { httpCapture } from './index.ts'

function captured(config: object) {
  const outputs: Output[] = []
  const warnings: string[] = []
  const plugin = httpCapture.open(httpCapture.options.parse(config), {
    clock: { bootEpochMs: Date.UTC(2026, 0, 2) },
    terminal: { colour: false, columns: 80 },
    emit: (output) => outputs.push(output),
    warn: (message) => warnings.push(message),
  })
  plugin.exchange(sampleExchange())
  const artifacts = outputs.filter((output): output is Artifact => output.kind === 'artifact')
  return { wantsBodies: plugin.wantsBodies, warnings, artifacts }
}

const documentIn = ({ data }: Artifact) => JSON.parse(new TextDecoder().decode(data))

test('a plugin without options captures nothing', () => {
  expect(captured({})).toEqual({ wantsBodies: false, warnings: [], artifacts: [] })
})

test.each([
  ['summary', false, false],
  ['headers', true, false],
  ['full', true, true],
])('level %s: headers %s, bodies %s', (level, headers, bodies) => {
  const { artifacts, wantsBodies } = captured({ level })
  const response = documentIn(artifacts[0] ?? expect.fail('no artifact')).response
  expect(['headers' in response, 'body' in response, wantsBodies]).toEqual([headers, bodies, bodies])
})

test('details is an older word for headers and is warned about', () => {
  const details = captured({ level: 'details' })
  expect(details.artifacts).toEqual(captured({ level: 'headers' }).artifacts)
  expect(details.warnings.length).toBe(1)
})

test('the time of an object is when its exchange ended', () => {
  const [artifact] = captured({ level: 'summary' }).artifacts
  expect(documentIn(artifact ?? expect.fail('no artifact')).transaction_time).toBe('2026-01-02T00:00:05.013Z')
})

test.each([
  [undefined, [undefined]],
  [{}, [undefined]],
  [{ id: '' }, [undefined]],
  [{ id: 'archive' }, ['archive']],
  [{ id: ['archive', 'lake'] }, ['archive', 'lake']],
])('object_store %j leads to the stores %j', (object_store, stores) => {
  const { artifacts } = captured({ level: 'summary', object_store })
  expect(artifacts.map((artifact) => artifact.objectStore)).toEqual(stores)
})

test('format text gives text', () => {
  const [artifact] = captured({ level: 'full', format: 'text' }).artifacts
  expect(artifact?.contentType).toBe('text/plain')
})

test('rules of existing files are accepted', () => {
  const rules = [{ name: 'errors', expr: 'http.res.status >= 400', level: 'full', format: 'text' }]
  expect(httpCapture.options.parse({ level: 'summary', rules }).rules).toEqual(rules)
})
