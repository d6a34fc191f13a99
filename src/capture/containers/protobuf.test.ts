import { array, assert, dictionary, maxSafeNat, nat, property, string, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { message, messageField, numberField, pairsField, readFields, textField } from './protobuf.ts'

test('what is written is what is read', () => {
  assert(
    property(
      nat(100_000),
      string({ unit: 'grapheme' }),
      maxSafeNat(),
      dictionary(string(), string(), { noNullPrototype: true }),
      array(string()),
      (field, text, number, pairs, words) => {
        const [one, two, three, four] = [field + 1, field + 2, field + 3, field + 4]
        const inner = messageField(three, textField(one, text), numberField(two, number))
        const repeated = words.map((word) => textField(three, word))
        const read = readFields(
          message(textField(one, text), numberField(two, number), inner, pairsField(four, pairs)),
        )
        expect(read.text(one)).toBe(text)
        expect(read.number(two)).toBe(number)
        expect(read.message(three).text(one)).toBe(text)
        expect(read.messages(three).map((each) => each.number(two))).toEqual([number])
        expect(Object.fromEntries(read.pairs(four))).toEqual(pairs)
        expect(readFields(message(...repeated)).texts(three)).toEqual(words)
      },
    ),
  )
})

test('the example of the format’s documentation', () => {
  expect(message(numberField(1, 150))).toEqual(Buffer.from([0x08, 0x96, 0x01]))
  expect(message(textField(2, 'testing'))).toEqual(Buffer.from('120774657374696e67', 'hex'))
})

test('fields that are not there or of another kind read as empty', () => {
  const read = readFields(message(numberField(1, 7), textField(2, 'seven')))
  expect([read.text(1), read.number(2), read.text(3), read.number(3)]).toEqual(['', 0, '', 0])
  expect([read.messages(3), read.pairs(3), read.texts(3)]).toEqual([[], [], []])
  expect(read.message(3).message(1).text(1)).toBe('')
})

test('of a field that comes twice the last counts, and fixed numbers are passed over', () => {
  const fixed = Buffer.from([0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4])
  const read = readFields(message(textField(1, 'first'), fixed, textField(1, 'last')))
  expect(read.text(1)).toBe('last')
})

test('what stands before damage is read', () => {
  const whole = message(textField(1, 'before'), textField(2, 'damaged'))
  const read = readFields(whole.subarray(0, whole.length - 1))
  expect([read.text(1), read.text(2)]).toEqual(['before', ''])
  const endless = message(textField(1, 'before'), Buffer.alloc(20, 0xff))
  expect(readFields(endless).text(1)).toBe('before')
  const group = message(textField(1, 'before'), Buffer.from([0x0b]), textField(1, 'after'))
  expect(readFields(group).text(1)).toBe('before')
})

test('no bytes throw', () => {
  assert(
    property(uint8Array({ maxLength: 300 }), (bytes) => {
      const read = readFields(bytes)
      for (let field = 0; field < 32; field += 1) {
        read.pairs(field)
        read.texts(field)
        read.messages(field).map((inner) => inner.text(1))
        read.number(field)
      }
    }),
  )
})
