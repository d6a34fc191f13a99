import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EVENTS } from '../../../outputs/index.ts'
import { readReceipt, writeReceipt } from './receipt.ts'

const { example } = EVENTS.artifact_record

test('a receipt gives the record back', () => {
  expect(readReceipt(writeReceipt(example))).toEqual(example)
})

test('what is no receipt is none, whatever it is', () => {
  expect(readReceipt(Buffer.from('{}'))).toBeUndefined()
  expect(readReceipt(Buffer.from(JSON.stringify({ ...example, digest: '../../etc/passwd' })))).toBeUndefined()
  const whole = Buffer.from(writeReceipt(example))
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(whole.length - 1), (bytes, length) => {
      expect(readReceipt(bytes)).toBeUndefined()
      expect(readReceipt(whole.subarray(0, length))).toBeUndefined()
    }),
  )
})
