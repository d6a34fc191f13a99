import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RECORD_AT, records } from '../test/support/wire-records.ts'
import { createLineWriter, SILENT_METER, silentLog, source } from './base/index.ts'
import { wireDirection, wireRole } from './capture/generated/wire.ts'
import { type CaptureEvent, readRecordingLine, replayInto, writeRecording } from './capture/index.ts'
import { loadConfig } from './config.ts'
import { openPipeline, type PipelineOptions } from './pipeline.ts'
import { replay } from './replay.ts'

const TRACE = new URL('../test/traces/keep-alive-plain/trace.jsonl', import.meta.url)
const CONFIG = `
stacks: { all: { plugins: [{ type: access_logs, config: { mode: full, format: json } }] } }
tap: { http: { stack: all } }
`

/** A file with the trace's records over and over. */
function recordingOf(times: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [header, ...records] = readFileSync(TRACE, 'utf8').trimEnd().split('\n')
  const file = join(folder, 'recording')
  writeFileSync(file, `${header}\n${`${records.join('\n')}\n`.repeat(times)}`)
  return file
}

async function linesOf(file: string, heldBytesMax: number): Promise<{ lines: number; dropped: number }> {
  const loaded = loadConfig(CONFIG, 'test', {})
  if (loaded.kind === 'refused') throw new Error('the configuration is refused')
  let lines = 0
  const standardOutput = createLineWriter(
    (batches, done) => {
      const bytes = Buffer.concat(batches)
      for (const byte of bytes) if (byte === 10) lines += 1
      setTimeout(done, 2, null, bytes.length)
    },
    { log: silentLog, heldBytesMax },
  )
  await replay(file, {
    config: loaded.config,
    deploymentTags: [],
    bodyBytesMax: 1 << 20,
    version: '',
    standardOutput,
    terminal: { colour: false, columns: 80 },
    log: silentLog,
  })
  return { lines, dropped: standardOutput.stats['droppedLines'] ?? 0 }
}

test('a replay waits for the reader of its output instead of dropping lines', async () => {
  const once = await linesOf(recordingOf(1), 16 << 20)
  const times = 8
  const often = await linesOf(recordingOf(times), 3 << 19)
  expect(once.lines).toBeGreaterThan(0)
  expect(often).toEqual({ lines: once.lines * times, dropped: 0 })
})

const HEADER = { bootEpochMs: 1_700_000_000_000, ids: { machine: 1, pid: 2, counter: 3 } }
const SECOND = 1e9

/** A response of which a line comes every 3 s, for 35 s, and time that passes every second. */
function slowResponse(write: (record: DataView) => void, passTime: (at: number) => void): void {
  const call = { key: 5, process: 7, thread: 7 }
  const said = { sent: 0, received: 0 }
  write(records.opened({ key: 5, at: SECOND, localPort: 1, remotePort: 80, role: wireRole.client }))
  say(SECOND, 'sent', 'GET /slow HTTP/1.1\r\nHost: a.example\r\n\r\n')
  for (let second = 2; second <= 36; second += 1) {
    if (second === 2) say(2 * SECOND, 'received', 'HTTP/1.1 200 OK\r\nContent-Length: 110\r\n\r\n')
    else if (second % 3 === 0) say(second * SECOND, 'received', '123456789\n')
    passTime(second * SECOND + 5e8)
  }
  write(records.closed({ key: 5, at: 37 * SECOND, sent: said.sent, received: said.received }))

  function say(at: number, direction: 'sent' | 'received', text: string): void {
    const [position, length] = [said[direction], text.length]
    const fields = { ...call, at, position, length, captured: length, direction: wireDirection[direction] }
    write(records.bytes(fields, Buffer.from(text)))
    said[direction] += length
  }
}

function collectingOptions(): { readonly options: PipelineOptions; readonly text: () => string } {
  const loaded = loadConfig(CONFIG.replace('mode: full', 'mode: summary'), 'test', {})
  if (loaded.kind === 'refused') throw new Error('the configuration is refused')
  const chunks: Uint8Array[] = []
  const standardOutput = createLineWriter(
    (batches, done) => {
      const bytes = Buffer.concat(batches)
      chunks.push(bytes)
      setImmediate(done, null, bytes.length)
    },
    { log: silentLog },
  )
  const options = {
    config: loaded.config,
    deploymentTags: [],
    bodyBytesMax: 1 << 20,
    version: '',
    standardOutput,
    terminal: { colour: false, columns: 80 },
    log: silentLog,
  }
  return { options, text: () => Buffer.concat(chunks).toString() }
}

/** The pipeline at work while a recording is made of what it gets. */
async function recordedRun(file: string): Promise<string> {
  const { options, text } = collectingOptions()
  const writer = writeRecording(file, HEADER, 1 << 20)
  const events = source<CaptureEvent>({})
  const clock = { bootEpochMs: HEADER.bootEpochMs, nowMs: () => 0, elapsedMs: () => 0 }
  const pipeline = await openPipeline(events, {
    ...options,
    clock,
    dataDir: undefined,
    ids: HEADER.ids,
    meter: SILENT_METER,
    system: { hostname: '', agentInstance: '' },
  })
  const feed = replayInto(events)
  const read = writer.around((view, at) => feed({ kind: 'record', view: new DataView(view.buffer, at) }))
  slowResponse(
    (record) => read(record, RECORD_AT),
    (at) => {
      writer.learnt({ time: at })
      events.emit({ kind: 'time', at })
    },
  )
  await pipeline.close(1000)
  writer.close()
  return text()
}

test('a replay of an exchange that went on for long gives the progress of the run, byte for byte', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'recording')
  const live = await recordedRun(file)
  const lines = live
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(
    lines.map(({ msg, elapsed_ms, response_body_bytes }) => [msg, elapsed_ms, response_body_bytes]),
  ).toEqual([
    ['HTTP progress', 10_000, 30],
    ['HTTP progress', 20_000, 70],
    ['HTTP progress', 30_000, 100],
    ['HTTP transaction', undefined, undefined],
  ])
  for (const turn of [1, 2]) {
    const again = collectingOptions()
    await replay(file, again.options)
    expect([turn, again.text()]).toEqual([turn, live])
  }
  const times = readFileSync(file, 'utf8').split('\n').map(readRecordingLine)
  expect(times.filter((line) => line?.kind === 'time')).toHaveLength(35)
})
