import { expect, test } from 'vitest'
import type { Outcome } from './parcel.ts'
import { type SentBatch, timedSender } from './timed-sender.ts'

test('each batch is told of once, with how long it took and what became of it', async () => {
  const outcomes: readonly Outcome[] = [
    { kind: 'again', why: 'busy' },
    { kind: 'partly', refused: 1, why: 'too old' },
    { kind: 'delivered' },
  ]
  let sends = 0
  let elapsedMs = 5
  let closed = 0
  const sent: SentBatch[] = []
  const sender = timedSender(
    {
      send: async () => {
        elapsedMs += 2.5
        sends += 1
        return outcomes[sends - 1] ?? { kind: 'delivered' }
      },
      async close() {
        closed += 1
      },
    },
    'events/otel',
    { nowMs: () => 1_700_000_000_000, elapsedMs: () => elapsedMs },
    (batch) => sent.push(batch),
  )
  const parcel = { bytes: new Uint8Array(1), receipt: new Uint8Array(0) }
  for (const outcome of outcomes) expect(await sender.send([parcel, parcel])).toBe(outcome)
  const batch = { store: 'events/otel', count: 2, startedAtMs: 1_700_000_000_000, tookMs: 2.5 }
  expect(sent).toEqual(outcomes.map((outcome) => ({ ...batch, outcome })))
  await sender.close()
  expect(closed).toBe(1)
})
