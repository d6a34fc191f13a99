import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clusterAddresses, eachAbsoluteOperand, eachRelativeOperand } from './operands.ts'

const CODE_ADDRESS = 0x40_0000

/** The plain loop that the search by upper halves must agree with. */
function relativeByLoop(code: Buffer, address: number, targets: ReadonlySet<number>): string[] {
  const found: string[] = []
  for (let at = 0; at + 4 <= code.length; at += 1) {
    const target = address + at + 4 + code.readInt32LE(at)
    if (targets.has(target)) found.push(`${at} ${target}`)
  }
  return found.toSorted()
}

test('every relative operand is found, wherever the code and its targets lie', () => {
  const target = fc.integer({ min: 0, max: 0x100_0000 })
  const place = fc.record({ at: fc.nat(0x2_4000 - 4), target: fc.nat(9) })
  fc.assert(
    fc.property(
      fc.array(target, { minLength: 1, maxLength: 10 }),
      fc.array(place, { maxLength: 40 }),
      fc.integer({ min: -0x2_0000, max: 0x2_0000 }),
      (far, places, near) => {
        const targets = [...far, CODE_ADDRESS + near, CODE_ADDRESS + near + 7]
        const code = Buffer.alloc(0x2_4000)
        for (const { at, target: index } of places) {
          code.writeInt32LE((targets[index] ?? CODE_ADDRESS) - (CODE_ADDRESS + at + 4), at)
        }
        const found: string[] = []
        for (const cluster of clusterAddresses(targets)) {
          eachRelativeOperand(code, CODE_ADDRESS, cluster, (at, address) => found.push(`${at} ${address}`))
        }
        expect(found.toSorted()).toEqual(relativeByLoop(code, CODE_ADDRESS, new Set(targets)))
      },
    ),
    { numRuns: 40 },
  )
})

test('absolute operands are found at both ends of the code and across a change of the upper half', () => {
  const code = Buffer.alloc(100, 0x90)
  const targets = [0x52_fffe, 0x53_0001, 0x9_0000]
  code.writeUInt32LE(0x52_fffe, 0)
  code.writeUInt32LE(0x53_0001, 96)
  code.writeUInt32LE(0x9_0000, 50)
  const found: number[][] = []
  for (const cluster of clusterAddresses(targets)) {
    eachAbsoluteOperand(code, cluster, (at, address) => found.push([at, address]))
  }
  expect(found).toEqual([
    [50, 0x9_0000],
    [0, 0x52_fffe],
    [96, 0x53_0001],
  ])
})

test('targets beyond the reach of an operand are not found, code shorter than one is no error', () => {
  const [cluster] = clusterAddresses([0x7000_0000_0000])
  expect(cluster).toBeDefined()
  if (cluster === undefined) return
  const found: number[] = []
  for (const length of [0, 3, 4, 1000]) {
    eachRelativeOperand(Buffer.alloc(length), 0, cluster, (at) => found.push(at))
    eachAbsoluteOperand(Buffer.alloc(length), cluster, (at) => found.push(at))
  }
  expect(found).toEqual([])
})
