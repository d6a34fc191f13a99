import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPosition } from './position.ts'
import { createRanges } from './ranges.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-position-'))
  path = join(folder, 'position')
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(...lows: readonly number[]): void {
  const { file } = openPosition(path)
  for (const low of lows) file.write(createRanges(low, [{ from: low + 5, to: low + 9 }]))
  file.close()
}

function read() {
  const { delivered, file } = openPosition(path)
  file.close()
  return { low: delivered.low, above: delivered.above }
}

test('what was written last is read', () => {
  expect(read()).toEqual({ low: 0, above: [] })
  write(10, 20, 30)
  expect(read()).toEqual({ low: 30, above: [{ from: 35, to: 39 }] })
  write(2 ** 40)
  expect(read().low).toBe(2 ** 40)
})

test('a file that is cut anywhere gives the last or the one before, or nothing', () => {
  write(10, 20, 30)
  const whole = readFileSync(path)
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(path, whole.subarray(0, length))
    expect([0, 20, 30]).toContain(read().low)
  }
})

test('no damaged byte is believed', () => {
  write(10, 20)
  const whole = readFileSync(path)
  for (let at = 0; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole)
    damaged[at] = Number(damaged[at]) ^ 0x40
    writeFileSync(path, damaged)
    expect([10, 20]).toContain(read().low)
  }
})

test('of more ranges than have room the first are kept', () => {
  const { file } = openPosition(path)
  const many = Array.from({ length: 60 }, (_, index) => ({ from: 10 * index + 5, to: 10 * index + 9 }))
  file.write(createRanges(1, many))
  file.close()
  expect(read()).toEqual({ low: 1, above: many.slice(0, 40) })
})
