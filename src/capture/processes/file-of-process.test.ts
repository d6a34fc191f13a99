import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileOfProcess } from './file-of-process.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a file is read, and again only when it changed', () => {
  let made = 0
  const read = fileOfProcess(100, (text) => {
    made += 1
    return `${text} ${made}`
  })
  writeFileSync(join(folder, 'name'), 'one')
  expect(read(folder, 'name')).toBe('one 1')
  expect(read(folder, 'name')).toBe('one 1')
  writeFileSync(join(folder, 'name'), 'two')
  utimesSync(join(folder, 'name'), 1, 1)
  expect(read(folder, 'name')).toBe('two 2')
})

test('what would never end, or lies elsewhere, is not read', () => {
  const read = fileOfProcess(100, (text) => text)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  writeFileSync(join(folder, 'secret'), 'of somebody else')
  symlinkSync(join(folder, 'secret'), join(folder, 'link'))
  symlinkSync('/dev/zero', join(folder, 'zeros'))
  mkdirSync(join(folder, 'directory'))
  symlinkSync(folder, join(folder, 'directory', 'etc'))
  for (const name of ['pipe', 'link', 'zeros', 'directory', 'none'])
    expect(read(folder, name)).toBeUndefined()
  expect(read(join(folder, 'directory', 'etc'), 'secret')).toBeUndefined()
})

test('a file that is too long is nothing', () => {
  const read = fileOfProcess(3, (text) => text)
  writeFileSync(join(folder, 'name'), 'four')
  expect(read(folder, 'name')).toBeUndefined()
})
