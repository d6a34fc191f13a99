import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countTo, numberOf, parcelOf } from '../../../test/support/fake-backend.ts'
import type { Parcel } from './parcel.ts'
import { openSpool, type Spool } from './spool.ts'

const MIB = 1024 * 1024

let folder: string
let opened: Spool[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-spool-'))
  opened = []
})
afterEach(async () => {
  for (const spool of opened) await spool.close()
  rmSync(folder, { recursive: true })
})

async function open(bytesMax = 64 * MIB): Promise<Spool> {
  const spool = await openSpool(folder, bytesMax)
  opened.push(spool)
  return spool
}

async function reopen(bytesMax?: number): Promise<Spool> {
  await opened.pop()?.close()
  return open(bytesMax)
}

function parcels(numbers: readonly number[], length?: number): Parcel[] {
  return numbers.map((number) => {
    return { bytes: parcelOf(number, length), receipt: Buffer.from(number % 3 === 0 ? `r${number}` : '') }
  })
}

async function readAll(spool: Spool, countMax = 1_000): Promise<number[]> {
  const numbers: number[] = []
  for (;;) {
    const read = await spool.read(4 * MIB, countMax)
    if (read === undefined) return numbers
    expect(read.range.to - read.range.from).toBe(read.parcels.length)
    for (const { bytes, receipt } of read.parcels) {
      const number = numberOf(bytes)
      expect(Buffer.from(receipt).toString()).toBe(number % 3 === 0 ? `r${number}` : '')
      numbers.push(number)
    }
  }
}

const segments = () => readdirSync(folder).filter((name) => name.endsWith('.parcels'))

test('parcels of all sizes come back as they were, over many files', async () => {
  const spool = await open(16 * MIB)
  const lengths = [8, 300_000, 9, 1_500_000, 262_144, 2_000, 1_048_576, 70_000]
  const all = countTo(40).map((number) => ({
    bytes: parcelOf(number, lengths[number % lengths.length]),
    receipt: Buffer.from(`receipt ${number}`),
  }))
  for (const parcel of all) spool.append([parcel], false)
  expect(segments().length).toBeGreaterThan(5)
  const back: Parcel[] = []
  for (let read = await spool.read(MIB, 3); read !== undefined; read = await spool.read(MIB, 3)) {
    const bytes = read.parcels.reduce((sum, parcel) => sum + parcel.bytes.length, 0)
    expect(read.parcels.length === 1 || (bytes <= MIB && read.parcels.length <= 3)).toBe(true)
    back.push(...read.parcels)
  }
  expect(back.map(({ bytes }) => numberOf(bytes))).toEqual(countTo(40).slice(40 - back.length))
  expect(back.length + spool.stats.dropped).toBe(40)
  for (const [index, parcel] of back.entries()) {
    const original = all[index + 40 - back.length]
    expect(Buffer.compare(parcel.bytes, original?.bytes ?? Buffer.alloc(0))).toBe(0)
    expect(Buffer.from(parcel.receipt)).toEqual(original?.receipt)
  }
})

test('what is delivered is not read again, in whatever order it was', async () => {
  const spool = await open()
  spool.append(parcels(countTo(30)), false)
  const batches = [await spool.read(MIB, 10), await spool.read(MIB, 10), await spool.read(MIB, 10)]
  const [, second] = batches
  if (second === undefined) throw new Error('there were 30')
  spool.acknowledge(second.range)
  expect(spool).toMatchObject({ count: 20, unread: 0 })
  const next = await reopen()
  expect(next).toMatchObject({ count: 20, unread: 20 })
  expect(await readAll(next)).toEqual([...countTo(10), ...countTo(10).map((number) => number + 20)])
})

test('parcels that stay in memory are not read, but by the next run', async () => {
  const spool = await open()
  spool.append(parcels(countTo(5)), false)
  spool.append(parcels([5, 6, 7]), true)
  spool.append(parcels([8]), false)
  expect(await readAll(spool)).toEqual([0, 1, 2, 3, 4, 8])
  expect(await readAll(await reopen())).toEqual(countTo(9))
})

test('when all is delivered no file with parcels remains, and numbers go on', async () => {
  const spool = await open()
  spool.append(parcels(countTo(5)), false)
  const read = await spool.read(MIB, 10)
  if (read === undefined) throw new Error('there were 5')
  spool.acknowledge(read.range)
  expect(segments()).toEqual([])
  expect(spool).toMatchObject({ bytes: 0, count: 0 })
  const next = await reopen()
  expect(next.append(parcels([5]), false).range).toEqual({ from: 5, to: 6 })
  expect(await readAll(next)).toEqual([5])
})

test('a file that ends anywhere gives its whole records, and is gone on from', async () => {
  const spool = await open()
  spool.append(parcels(countTo(20)), false)
  const [name] = segments()
  const path = join(folder, String(name))
  const whole = readFileSync(path)
  await opened.pop()?.close()
  let former = 20
  for (let length = whole.length; length >= 0; length -= 1) {
    for (const other of readdirSync(folder)) rmSync(join(folder, other))
    writeFileSync(path, whole.subarray(0, length))
    const cut = await openSpool(folder, 64 * MIB)
    const left = cut.count
    expect(left === former || left === former - 1).toBe(true)
    former = left
    cut.append(parcels([100, 101]), false)
    expect(await readAll(cut)).toEqual([...countTo(left), 100, 101])
    expect(cut.stats.damaged).toBe(0)
    await cut.close()
  }
  expect(former).toBe(0)
})

test('what is taken after a file lost its end is not taken for what was delivered of it', async () => {
  const spool = await open()
  spool.append(parcels(countTo(30)), false)
  await spool.read(MIB, 10)
  const second = await spool.read(MIB, 10)
  if (second === undefined) throw new Error('there were 30')
  spool.acknowledge(second.range)
  await opened.pop()?.close()
  truncateSync(join(folder, String(segments()[0])), 16 + 5 * 21)
  const next = await open()
  next.append(parcels(countTo(40).map((number) => number + 100)), false)
  const numbers = await readAll(next)
  expect(numbers.slice(-40)).toEqual(countTo(40).map((number) => number + 100))
  expect(numbers.slice(0, -40)).toEqual(countTo(numbers.length - 40))
  expect(next.stats.damaged).toBe(0)
})

test('a damaged byte loses the rest of its file, counted, and nothing else', async () => {
  const spool = await open(MIB)
  spool.append(parcels(countTo(1_000), 500), false)
  const [first, second] = segments().toSorted()
  const path = join(folder, String(second))
  const damaged = readFileSync(path)
  const at = 16 + 20 * 520
  damaged[at] = Number(damaged[at]) ^ 1
  writeFileSync(path, damaged)
  const numbers = await readAll(spool)
  expect(spool.stats.damaged).toBeGreaterThan(0)
  expect(numbers.length + spool.stats.damaged).toBe(1_000)
  expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
  expect(numbers.length).toBeGreaterThan(800)
  expect(first).not.toBe(second)
})

test('a file that was removed or cut while in use is counted', async () => {
  const spool = await open(MIB)
  spool.append(parcels(countTo(1_000), 500), false)
  const [first, second, third] = segments().toSorted()
  rmSync(join(folder, String(first)))
  truncateSync(join(folder, String(second)), 5_000)
  truncateSync(join(folder, String(third)), 0)
  const numbers = await readAll(spool)
  expect(numbers.length + spool.stats.damaged).toBe(1_000)
  expect(numbers.at(-1)).toBe(999)
})

test('files of others are left alone', async () => {
  mkdirSync(join(folder, '0000000000000007.parcels'))
  writeFileSync(join(folder, '0000000000000000.parcels'), 'something else, of another make')
  writeFileSync(join(folder, '0000000000000003.parcels'), 'qtapspl2 of later days')
  writeFileSync(join(folder, '9999999999999999.parcels'), '')
  writeFileSync(join(folder, 'notes.txt'), 'mine')
  writeFileSync(join(folder, 'position'), 'not a position')
  const before = readdirSync(folder)
  const spool = await open()
  spool.append(parcels(countTo(10)), false)
  expect(await readAll(spool)).toEqual(countTo(10))
  spool.acknowledge({ from: 0, to: 1_000 })
  await reopen()
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(before))
  expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine')
})

test('the limit holds whatever the sizes, and what is dropped while it is read is counted once', async () => {
  const spool = await open(MIB)
  let appended = 0
  const read: number[] = []
  for (let turn = 0; turn < 200; turn += 1) {
    spool.append(parcels([appended, appended + 1, appended + 2], 1_000 + ((turn * 7919) % 20_000)), false)
    appended += 3
    expect(spool.bytes).toBeLessThanOrEqual(MIB)
    if (turn % 3 !== 0) continue
    const reading = spool.read(100_000, 2)
    spool.append(parcels([appended, appended + 1, appended + 2], 30_000), false)
    appended += 3
    for (const { bytes } of (await reading)?.parcels ?? []) read.push(numberOf(bytes))
  }
  read.push(...(await readAll(spool)))
  expect(read).toEqual(read.toSorted((one, other) => one - other))
  expect(new Set(read).size).toBe(read.length)
  expect(read.length + spool.stats.dropped).toBe(appended)
})
