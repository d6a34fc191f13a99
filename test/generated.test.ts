import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { GENERATORS, runGenerators } from '../scripts/generate.ts'
import { wireSource } from '../scripts/generate-wire.ts'
import { projectFiles } from './source-tree.ts'

test.for(GENERATORS)('%s, run now, gives what is committed', { timeout: 30_000 }, (name) => {
  expect(runGenerators([new URL(`../scripts/${name}`, import.meta.url)], ['--check'])).toEqual([])
})

test('every generator is in the list of scripts/generate.ts', () => {
  const generators = projectFiles('scripts').filter((path) => /\/generate-.*\.ts$/.test(path))
  expect(generators.map((path) => path.replace('scripts/', '')).toSorted()).toEqual(GENERATORS.toSorted())
})

test('a generator that finds its file outdated is named with what it says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-generators-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const content =
    'if (process.argv.includes("--check")) { console.error("a.ts is old: npm run generate"); process.exit(1) }'
  const outdated = join(folder, 'outdated.ts')
  const silent = join(folder, 'silent.ts')
  writeFileSync(outdated, content)
  writeFileSync(silent, 'process.exit(3)')
  const scripts = [pathToFileURL(outdated), pathToFileURL(silent)]
  expect(runGenerators(scripts, ['--check'])).toEqual([
    'a.ts is old: npm run generate',
    expect.stringContaining('silent.ts exited with 3'),
  ])
  expect(runGenerators(scripts.slice(0, 1), [])).toEqual([])
})

test('a number or an offset that changes in C changes the generated file', () => {
  const kinds = (val: number) => ({
    id: 1,
    kind: 'ENUM',
    name: 'wire_kind',
    values: [{ name: 'WIRE_OPENED', val }],
  })
  const record = (at: number) => ({
    id: 2,
    kind: 'STRUCT',
    name: 'wire_opened',
    size: 16,
    members: [{ name: 'key', type_id: 9, bits_offset: at }],
  })
  const before = wireSource([kinds(1), record(0)])
  expect(wireSource([kinds(2), record(0)])).not.toBe(before)
  expect(wireSource([kinds(1), record(64)])).not.toBe(before)
})
