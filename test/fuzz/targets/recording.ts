import { OperatorError } from '../../../src/base/index.ts'
import { readRecordingHeader, readRecordingLine, replayInto } from '../../../src/capture/index.ts'
import { traceLines, traceNames } from '../../support/recorded-streams.ts'
import { allBytes, bounded, type Input, oneChunk } from '../input.ts'
import type { Target } from '../target.ts'
import { openStages } from './pipeline.ts'

/** The text of a recording: every line is read as a header, and replayed as what it says it is. */
export const recording: Target = {
  covers: /^src\/capture\/(recording|records|processes\/)/,
  variants: 1,
  plain: true,
  tokens: [
    '{"record":"AgAAAA=="}\n',
    '{"record":""}\n',
    '{"process":1,"facts":null}\n',
    '{"process":1,"facts":{}}\n',
    '{"process":1}\n',
    '{"user":0,"process":1,"name":"a"}\n',
    '{"container":"a","facts":null}\n',
    '{"format":"qtap-recording","wireVersion":2}\n',
    '"record":1',
    'null\n',
    '[]\n',
    '{}\n',
    '\n',
  ],
  seeds: async () =>
    traceNames().map((name) => bounded(oneChunk(`${traceLines(name).slice(0, 40).join('\n')}\n`))),
  feed: (input) => check(input, new Set()),
  check,
}

function check(input: Input, traits: Set<string>): void {
  const { events, close } = openStages()
  const feed = replayInto(events)
  for (const text of Buffer.from(allBytes(input)).toString('utf8').split('\n')) {
    try {
      readRecordingHeader(text, 'fuzz')
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
    }
    const line = readRecordingLine(text)
    traits.add(line?.kind ?? 'no line')
    if (line) feed(line)
  }
  close(traits)
}
