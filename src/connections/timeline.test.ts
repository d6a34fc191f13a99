import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noTimelines, Timeline, TURNS_MAX } from './timeline.ts'

const side = fc.constantFrom('client', 'server')
const MS = 1e6

test('bytes of one side in a row are one turn, unless it pauses', () => {
  const timeline = new Timeline(noTimelines())
  timeline.plain(0, 'client', 1, true)
  timeline.plain(100 * MS, 'client', 2, true)
  timeline.plain(200 * MS, 'client', 4, true)
  timeline.plain(301 * MS, 'client', 8, true)
  timeline.plain(302 * MS, 'server', 16, true)
  timeline.plain(303 * MS, 'client', 32, true)
  expect(timeline.turns()).toEqual([
    { at: 0, bytes: 7 },
    { at: 301 * MS, bytes: 8 },
    { at: 302 * MS, bytes: 16 },
    { at: 303 * MS, bytes: 32 },
  ])
})

test('bytes that say nothing count with the next of their side that do', () => {
  const timeline = new Timeline(noTimelines())
  timeline.plain(1, 'server', 9, false)
  timeline.plain(2, 'client', 100, true)
  timeline.plain(3, 'client', 9, false)
  timeline.plain(2000 * MS, 'server', 200, true)
  timeline.settle()
  expect(timeline.turns()).toEqual([
    { at: 2, bytes: 100 },
    { at: 2000 * MS, bytes: 209 },
  ])
})

test('the first opened byte takes away what was sealed, and frees its place', () => {
  const share = noTimelines()
  const timeline = new Timeline(share)
  for (let turn = 0; turn < 500; turn += 1) timeline.sealed(turn, turn % 2 ? 'client' : 'server', 1)
  expect(share).toEqual({ turns: TURNS_MAX, turnsDropped: 380 })
  timeline.plain(600, 'client', 5, true)
  timeline.sealed(700, 'server', 5)
  expect(timeline.turns()).toEqual([{ at: 600, bytes: 5 }])
  expect({ ...share, dropped: timeline.droppedTurns }).toEqual({ turns: 1, turnsDropped: 380, dropped: 0 })
  timeline.close()
  expect(share.turns).toBe(0)
})

test('of many turns the first and the last are kept, and none is lost uncounted', () => {
  const step = fc.record({ from: side, pauseMs: fc.integer({ min: 0, max: 150 }), bytes: fc.nat(1000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const share = noTimelines()
      const timeline = new Timeline(share)
      const all: { at: number; bytes: number }[] = []
      let [at, last] = [0, '']
      for (const { from, pauseMs, bytes } of steps) {
        at += pauseMs * MS
        const newest = all.at(-1)
        if (newest !== undefined && from === last && pauseMs <= 100) newest.bytes += bytes
        else all.push({ at, bytes })
        last = from
        timeline.plain(at, from, bytes, true)
      }
      const dropped = Math.max(0, all.length - TURNS_MAX)
      const kept = dropped === 0 ? all : [...all.slice(0, TURNS_MAX / 2), ...all.slice(-TURNS_MAX / 2)]
      expect(timeline.turns()).toEqual(kept)
      expect(timeline.droppedTurns).toBe(dropped)
      expect(share).toEqual({ turns: kept.length, turnsDropped: dropped })
    }),
  )
})

test('when all connections together hold too many, each keeps its first and its last', () => {
  const share = { turns: 2_000_000, turnsDropped: 0 }
  const timeline = new Timeline(share)
  for (let turn = 0; turn < 9; turn += 1) timeline.plain(turn, turn % 2 ? 'client' : 'server', turn, true)
  expect(timeline.turns()).toEqual([
    { at: 0, bytes: 0 },
    { at: 8, bytes: 8 },
  ])
  expect(timeline.droppedTurns).toBe(7)
  timeline.close()
  expect(share.turns).toBe(2_000_000)
})

test('a protocol that proves to be another in the same moment is told of once', () => {
  const timeline = new Timeline(noTimelines())
  timeline.recognised(1, 'http2')
  timeline.recognised(1, 'grpc')
  timeline.recognised(2, 'grpc')
  for (let turn = 3; turn < 99; turn += 1) timeline.recognised(turn, turn % 2 ? 'http1' : 'http2')
  expect(timeline.protocols.map(({ protocol }) => protocol)).toEqual(['grpc', 'http1', 'http2', 'http1'])
})
