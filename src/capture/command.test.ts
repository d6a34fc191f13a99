import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programFiles } from './command.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-'))
  write('program', 'not a script')
  write('script', `#!${folder}/program -x\n`)
  write('by-env', '#!/usr/bin/env program\nrest')
  write('itself', '#!/usr/bin/env itself\n')
  writeFileSync(join(folder, 'data'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

test('a program is found along the path, or by its own path', () => {
  expect(programFiles('program', `/nowhere:${folder}`)).toEqual([join(folder, 'program')])
  expect(programFiles(join(folder, 'program'), '')).toEqual([join(folder, 'program')])
})

test('what a script is run by belongs to it', () => {
  expect(programFiles('script', folder)).toEqual([join(folder, 'script'), join(folder, 'program')])
  expect(programFiles('by-env', folder)).toEqual([
    join(folder, 'by-env'),
    '/usr/bin/env',
    join(folder, 'program'),
  ])
})

test('what cannot be run has no files, and a script that names itself ends', () => {
  expect(programFiles('absent', folder)).toEqual([])
  expect(programFiles('data', folder)).toEqual([])
  expect(programFiles('', '')).toEqual([])
  expect(programFiles('itself', folder)).toEqual([join(folder, 'itself'), '/usr/bin/env'])
})

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), 0o755)
}
