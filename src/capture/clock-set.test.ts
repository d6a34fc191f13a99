import { expect, test } from 'vitest'
import { source } from '../base/index.ts'
import type { CaptureEvent } from './events.ts'
import { readRecordingLine, replayInto } from './recording.ts'

test('a recording tells when the machine’s clock was set', () => {
  const events = source<CaptureEvent>({})
  const seen: CaptureEvent[] = []
  events.listen((event) => seen.push(event))
  const feed = replayInto(events)
  const times = [{ time: 5 }, { time: 6, bootEpochMs: 1_700_000_000_000.25 }, { time: 7, bootEpochMs: 'x' }]
  for (const time of times) {
    const line = readRecordingLine(JSON.stringify(time))
    if (line) feed(line)
  }
  expect(seen).toEqual([
    { kind: 'time', at: 5, bootEpochMs: undefined },
    { kind: 'time', at: 6, bootEpochMs: 1_700_000_000_000.25 },
  ])
})
