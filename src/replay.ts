import { closeSync, openSync, readSync } from 'node:fs'
import { OperatorError, SILENT_METER, type SystemClock, source } from './base/index.ts'
import { type CaptureEvent, readRecordingHeader, readRecordingLine, replayInto } from './capture/index.ts'
import { environmentNames } from './config.ts'
import { openPipeline, type PipelineOptions } from './pipeline.ts'

const READ_BYTES = 1 << 20
/** A replay goes no further ahead of the reader of its output: nothing is dropped, unlike in a live run. */
const UNWRITTEN_BYTES_MAX = 1 << 20
/** The longest that a timer can wait, 24 days: a reader may take its time. */
const FLUSH_MS = 2 ** 31 - 1
/** What a replay calls itself where an agent names its instance. */
const REPLAY = 'replay'

/**
 * Runs a recording through the very pipeline that the machine's own events go through. The same file gives
 * the same output.
 */
export async function replay(path: string, options: PipelineOptions) {
  const lines = linesOf(path)
  const output = options.standardOutput
  const header = readRecordingHeader(lines.next().value ?? '', path)
  let lastMs = header.bootEpochMs
  const clock: SystemClock = {
    bootEpochMs: header.bootEpochMs,
    nowMs: () => lastMs,
    elapsedMs: () => lastMs,
  }
  const events = source<CaptureEvent>({})
  events.listen((event) => {
    if (event.kind === 'time' && event.bootEpochMs !== undefined) clock.bootEpochMs = event.bootEpochMs
    lastMs = clock.bootEpochMs + event.at / 1e6
  })
  const system = { hostname: header.hostname ?? '', agentInstance: REPLAY }
  const pipeline = await openPipeline(events, {
    ...options,
    clock,
    dataDir: undefined,
    ids: header.ids,
    meter: SILENT_METER,
    system,
  })
  const { config } = options
  const feed = replayInto(events, {
    filters: config.tap.filters,
    environmentNames: environmentNames(config),
  })
  for (const text of lines) {
    const line = readRecordingLine(text)
    if (line) feed(line)
    if ((output.stats['heldBytes'] ?? 0) > UNWRITTEN_BYTES_MAX) await output.flush(FLUSH_MS)
    if (output.closed) break
  }
  await pipeline.close(FLUSH_MS)
  return pipeline.stats()
}

function* linesOf(path: string): Generator<string, undefined> {
  const fd = openRecordingFile(path)
  const buffer = Buffer.alloc(READ_BYTES)
  let rest: Buffer = Buffer.alloc(0)
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      let start = 0
      const chunk = Buffer.concat([rest, buffer.subarray(0, read)])
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        yield chunk.toString('utf8', start, end)
        start = end + 1
      }
      rest = chunk.subarray(start)
    }
  } finally {
    closeSync(fd)
  }
}

function openRecordingFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch {
    throw new OperatorError('QTAP_NOT_A_RECORDING', `${path} cannot be read.`, 'Make one: qtap record FILE')
  }
}
