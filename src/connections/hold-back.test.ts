import { expect, test } from 'vitest'
import { processOf } from '../../test/tls-recording.ts'
import { source } from '../base/index.ts'
import type { Container, Process } from '../capture/index.ts'
import { HOLD_LIMITS, holdBack } from './hold-back.ts'

interface Item {
  readonly name: string
  readonly process: Process | undefined
}

function openHold(itemsMax = HOLD_LIMITS.itemsMax) {
  const items = source<Item>({})
  const time = source<{ at: number }>({})
  const held = holdBack(items, ({ process }) => process, time, { ...HOLD_LIMITS, itemsMax })
  const passed: string[] = []
  held.listen(({ name }) => passed.push(name))
  return {
    held,
    passed,
    give: (name: string, container?: Container) =>
      items.emit({ name, process: { ...processOf(1), container } }),
    giveUnknown: (name: string) => items.emit({ name, process: undefined }),
    tell: (seconds: number) => time.emit({ at: seconds * 1e9 }),
  }
}

function starting(): Container {
  return { fullId: 'a'.repeat(64), id: 'a'.repeat(12), state: 'pending', facts: undefined }
}

test('only what belongs to a container that is asked about waits', () => {
  const { passed, give, giveUnknown, held } = openHold()
  giveUnknown('nobody')
  give('host')
  give('known', { ...starting(), state: 'known' })
  give('unknown', { ...starting(), state: 'unknown' })
  give('pending', starting())
  expect(passed).toEqual(['nobody', 'host', 'known', 'unknown'])
  expect(held.stats).toMatchObject({ held: 1, heldNow: 1 })
})

test('the answer lets it go: with the next time, or before the next item', () => {
  const { passed, give, tell, held } = openHold()
  const [one, other] = [starting(), starting()]
  tell(1)
  give('one 1', one)
  give('other 1', other)
  give('one 2', one)
  one.state = 'known'
  give('one 3', one)
  expect(passed).toEqual(['one 1', 'one 2', 'one 3'])
  other.state = 'unknown'
  tell(1.1)
  expect(passed).toEqual(['one 1', 'one 2', 'one 3', 'other 1'])
  expect(held.stats).toEqual({ held: 3, heldNow: 0, heldTooLong: 0, heldTooMany: 0 })
})

test('nothing waits longer than 2 s of captured time', () => {
  const { passed, give, tell, held } = openHold()
  const container = starting()
  tell(1)
  give('first', container)
  tell(2)
  give('second', container)
  tell(2.9)
  expect(passed).toEqual([])
  tell(3)
  expect(passed).toEqual(['first'])
  tell(4)
  expect(passed).toEqual(['first', 'second'])
  expect(held.stats).toMatchObject({ heldNow: 0, heldTooLong: 2 })
})

test('what came before any time was told waits from the first time on', () => {
  const { passed, give, tell } = openHold()
  give('early', starting())
  tell(1_000)
  tell(1_001.9)
  expect(passed).toEqual([])
  tell(1_002)
  expect(passed).toEqual(['early'])
})

test('past the limit the oldest goes on, whatever it waits for', () => {
  const { passed, give, held } = openHold(2)
  const [one, other] = [starting(), starting()]
  give('one 1', one)
  give('other 1', other)
  give('one 2', one)
  give('other 2', other)
  give('other 3', other)
  expect(passed).toEqual(['one 1', 'other 1', 'one 2'])
  expect(held.stats).toMatchObject({ heldNow: 2, heldTooMany: 3 })
  held.flush()
  expect(passed).toEqual(['one 1', 'other 1', 'one 2', 'other 2', 'other 3'])
  expect(held.stats['heldNow']).toBe(0)
})
