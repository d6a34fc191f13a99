import { expect, test } from 'vitest'
import { isNode, projectFiles } from './source-tree.ts'

/**
 * Folders whose sub-folders are what users can name, each listed in the table of `registry.ts` beside them.
 */
const REGISTRIES = ['src/decoders', 'src/plugins', 'src/stores/events', 'src/stores/objects'] as const

test.for(REGISTRIES)('%s: the table lists every folder, by its name and type', async (folder) => {
  const table = tableOf(await import(new URL(`../${folder}/registry.ts`, import.meta.url).href))
  expect(mismatches(folder, foldersIn(folder, projectFiles(folder)), table)).toEqual([])
})

test.for(['src/stores/events', 'src/stores/objects'])(
  '%s: every store says what it is in README.md',
  (folder) => {
    const paths = projectFiles(folder)
    expect(foldersIn(folder, paths).length).toBeGreaterThan(0)
    expect(withoutReadme(folder, paths)).toEqual([])
  },
)

test('a folder that is not listed, an entry without a folder, and a wrong type or key are named', () => {
  const folders = ['access-logs', 'http-capture']
  const good = { access_logs: { type: 'access_logs' }, http_capture: { type: 'http_capture' } }
  expect(mismatches('src/plugins', folders, good)).toEqual([])
  expect(mismatches('src/plugins', folders, Object.values(good))).toEqual([])
  expect(mismatches('src/plugins', [...folders, 'report-usage'], good)).toEqual([
    expect.stringContaining('src/plugins/report-usage'),
  ])
  expect(mismatches('src/plugins', folders.slice(1), good)).toEqual([
    expect.stringContaining('access-logs/ is missing'),
  ])
  const misnamed = { access_logs: { type: 'access_log' }, http_capture: { type: 'http_capture' } }
  expect(mismatches('src/plugins', folders, misnamed)).toHaveLength(3)
})

test('a store without README.md is named', () => {
  const paths = [
    'src/stores/events/registry.ts',
    'src/stores/events/stdout/index.ts',
    'src/stores/events/disk/README.md',
  ]
  expect(withoutReadme('src/stores/events', paths)).toEqual([
    expect.stringContaining('src/stores/events/stdout'),
  ])
})

/** The one table that a registry exports: a list of literals, or a record of them. */
function tableOf(exported: object): object {
  const tables = Object.values(exported).filter((value) => typeof value === 'object' && value !== null)
  expect(tables, 'a registry exports one table').toHaveLength(1)
  return tables[0]
}

function foldersIn(folder: string, paths: readonly string[]): readonly string[] {
  const names = paths
    .map((path) => path.slice(folder.length + 1).split('/'))
    .filter((parts) => parts.length > 1)
  return [...new Set(names.flatMap((parts) => parts.slice(0, 1)))]
}

function mismatches(folder: string, names: readonly string[], table: object): readonly string[] {
  const entries = Object.entries(table).map(([key, entry]) => ({
    key,
    type: isNode(entry) ? entry.type : '',
  }))
  const types = entries.map((entry) => entry.type)
  return [
    ...names
      .filter((name) => !types.includes(name.replaceAll('-', '_')))
      .map((name) => `${folder}/${name}/ is not in ${folder}/registry.ts: add its line`),
    ...types
      .filter((type) => !names.includes(type.replaceAll('_', '-')))
      .map(
        (type) =>
          `${folder}/${type.replaceAll('_', '-')}/ is missing: "${type}" of registry.ts has no folder`,
      ),
    ...entries
      .filter(({ key, type }) => !Array.isArray(table) && key !== type)
      .map(({ key, type }) => `${folder}/registry.ts lists "${type}" as "${key}": use its type as key`),
  ]
}

function withoutReadme(folder: string, paths: readonly string[]): readonly string[] {
  return foldersIn(folder, paths)
    .filter((name) => !paths.includes(`${folder}/${name}/README.md`))
    .map((name) => `${folder}/${name}: no README.md: say what it is, its options, and an example`)
}
