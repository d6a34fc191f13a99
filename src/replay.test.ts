import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLineWriter, silentLog } from './base/index.ts'
import { loadConfig } from './config.ts'
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
    bodyBytesMax: 1 << 20,
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
