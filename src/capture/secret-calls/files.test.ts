import { appendFileSync, closeSync, linkSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSearchedFiles, type SearchedFile, type SearchedFiles } from './files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'searched-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a file is searched once, by whatever name it is opened', () => {
  const files = createSearchedFiles()
  const [path, other] = [join(folder, 'a'), join(folder, 'b')]
  writeFileSync(path, 'no library')
  linkSync(path, other)
  const first = search(files, path)
  const second = search(files, other)
  expect(first).toMatchObject({ fresh: true, calls: { kind: 'none' }, identity: { sizeBytes: 10 } })
  expect(second).toEqual({ ...first, fresh: false })
  expect(files.stats).toMatchObject({ searched_files: 1, searched_bytes: 10, remembered_files: 1 })
})

test('a file that was written to is another file', () => {
  const files = createSearchedFiles()
  const path = join(folder, 'a')
  writeFileSync(path, 'no library')
  const before = search(files, path)
  appendFileSync(path, ' yet')
  const after = search(files, path)
  expect(after?.fresh).toBe(true)
  expect(after?.key).not.toBe(before?.key)
})

test('beyond the limit the file asked for longest ago is forgotten', () => {
  const files = createSearchedFiles(2)
  const [a, b, c] = ['a', 'b', 'c'].map((name) => {
    const path = join(folder, name)
    writeFileSync(path, name)
    return path
  })
  const asked = [a, b, a, c, a, b].map((path) => search(files, path ?? '')?.fresh)
  expect(asked).toEqual([true, true, false, true, false, true])
  expect(files.stats['forgotten_files']).toBe(2)
})

test('what is not a regular file is not searched', () => {
  const files = createSearchedFiles()
  expect(search(files, folder)).toBeUndefined()
  expect(search(files, '/dev/null')).toBeUndefined()
  expect(files.search(-1)).toBeUndefined()
  expect(files.stats['searched_files']).toBe(0)
})

function search(files: SearchedFiles, path: string): SearchedFile | undefined {
  const fd = openSync(path, 'r')
  try {
    return files.search(fd)
  } finally {
    closeSync(fd)
  }
}
