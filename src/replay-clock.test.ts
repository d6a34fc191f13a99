import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { RECORD_AT, records } from '../test/support/wire-records.ts'
import { createIds, createLineWriter, silentLog } from './base/index.ts'
import { wireDirection, wireRole } from './capture/generated/wire.ts'
import { writeRecording } from './capture/index.ts'
import { loadConfig } from './config.ts'
import { replay } from './replay.ts'

const SECOND = 1e9
const BEFORE_MS = Date.UTC(2026, 0, 1)
const AFTER_MS = Date.UTC(2027, 5, 1)
const IDS = { machine: 1, pid: 2, counter: 3 }
const CONFIG = `
services: { event_stores: [{ type: stdout }] }
stacks: { all: { plugins: [{ type: access_logs, config: { mode: summary, format: json } }] } }
tap: { direction: all, ignore_loopback: false, http: { stack: all } }
`

/** Two exchanges, each on a connection of its own; between them the machine's clock is set. */
function record(file: string): void {
  const writer = writeRecording(file, { bootEpochMs: BEFORE_MS, ids: IDS }, 1 << 20)
  const write = writer.around(() => {})
  const put = (view: DataView) => write(view, RECORD_AT)
  for (const [turn, key] of [5, 6].entries()) {
    const at = (turn + 1) * 10 * SECOND
    const request = `GET /${key} HTTP/1.1\r\nHost: a.example\r\n\r\n`
    const response = 'HTTP/1.1 204 No Content\r\n\r\n'
    put(records.opened({ key, at, localPort: 1, remotePort: 80, role: wireRole.client }))
    for (const [direction, text] of [
      ['sent', request],
      ['received', response],
    ] as const) {
      const call = {
        key,
        process: 7,
        thread: 7,
        at: at + SECOND,
        position: 0,
        direction: wireDirection[direction],
      }
      put(records.bytes({ ...call, length: text.length, captured: text.length }, Buffer.from(text)))
    }
    put(records.closed({ key, at: at + 2 * SECOND, sent: request.length, received: response.length }))
    writer.learnt(turn === 0 ? { time: at + 3 * SECOND, bootEpochMs: AFTER_MS } : { time: at + 3 * SECOND })
  }
  writer.close()
}

async function replayed(file: string): Promise<string> {
  const loaded = loadConfig(CONFIG, 'test', {})
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
  await replay(file, {
    config: loaded.config,
    deploymentTags: [],
    bodyBytesMax: 1 << 20,
    version: '',
    standardOutput,
    terminal: { colour: false, columns: 80 },
    log: silentLog,
  })
  return Buffer.concat(chunks).toString()
}

test('a replay goes by the clock that the machine had, and by the one it was set to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'recording')
  record(file)
  const text = await replayed(file)
  expect(await replayed(file)).toBe(text)
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const ids = lines.flatMap(({ qpoint_request_id: id }) => (typeof id === 'string' ? [id] : []))
  // The first six characters of an id are its time, to four seconds.
  const beginningOf = (ms: number) => createIds(IDS)(ms).slice(0, 6)
  expect(ids.map((id) => id.slice(0, 6))).toEqual([BEFORE_MS + 11_000, AFTER_MS + 21_000].map(beginningOf))
  expect(lines.flatMap(({ item }) => item?.createdAt ?? [])).toEqual([
    '2026-01-01T00:00:10.000000000Z',
    '2027-06-01T00:00:20.000000000Z',
  ])
  expect(lines.flatMap(({ item }) => item?.closedAt ?? [])).toEqual([
    '2026-01-01T00:00:12.000000000Z',
    '2027-06-01T00:00:22.000000000Z',
  ])
})
