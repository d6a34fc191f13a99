import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eachPiece, readAhead } from './pieces.ts'

let folder = ''
let fd = -1
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pieces-'))
  const bytes = new Uint8Array((2 << 20) + 5).map((_, index) => index % 251)
  writeFileSync(join(folder, 'file'), bytes)
  fd = openSync(join(folder, 'file'), 'r')
})
afterEach(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

test('pieces cover what was asked for and overlap', () => {
  const covered: number[][] = []
  eachPiece(fd, 3, 2 << 20, (bytes, offset) => {
    covered.push([offset, offset + bytes.length])
    expect(bytes[0]).toBe(offset % 251)
    expect(bytes.at(-1)).toBe((offset + bytes.length - 1) % 251)
  })
  expect(covered[0]?.[0]).toBe(3)
  expect(covered.at(-1)?.[1]).toBe((2 << 20) + 3)
  for (const [index, [from = 0]] of covered.entries()) {
    if (index > 0) expect(covered[index - 1]?.[1]).toBeGreaterThanOrEqual(from + 64)
  }
})

test('a file shorter than asked for ends the reading', () => {
  let end = 0
  eachPiece(fd, 0, 2 ** 40, (bytes, offset) => {
    end = offset + bytes.length
  })
  expect(end).toBe((2 << 20) + 5)
})

test('reading ahead ends where the file ends, and leaves errors to the search', async () => {
  await expect(readAhead(fd, 2 ** 50)).resolves.toBeUndefined()
  await expect(readAhead(-1, 10)).resolves.toBeUndefined()
})
