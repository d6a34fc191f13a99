import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createLineWriter, silentLog } from '../src/base/index.ts'
import { loadConfig } from '../src/config.ts'
import { replay } from '../src/replay.ts'
import { type LineText, readLine } from './support/golden-lines.ts'

const FOLDER = new URL('./traces/', import.meta.url)
const NAMES = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)
const UPDATE = process.env['UPDATE_GOLDEN'] === '1'
const BODY_BYTES_MAX = 2 << 20
const TRACE_BYTES_MAX = 1 << 20
/** Of a long replay the golden file holds the first and the last lines, and a hash of those between. */
const LINES_SHOWN = 12
const CONFIG = `
services: { object_stores: [{ type: stdout }] }
stacks:
  golden:
    plugins:
      - { type: http_capture, config: { level: full, format: json } }
      - { type: access_logs, config: { mode: summary, format: json } }
tap: { http: { stack: golden } }
`
const SECRET_SHAPES = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bAIza[0-9A-Za-z_-]{35}\b/,
  /\bgh[pousr]_[0-9A-Za-z]{36,}\b/,
  /\bxox[abprs]-[0-9A-Za-z-]{10,}/,
  /\bsk_(live|test)_[0-9A-Za-z]{20,}\b/,
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/,
]

test('there are traces', () => {
  expect(NAMES.length).toBeGreaterThan(10)
})

test.for(NAMES)('%s: a replay gives what the golden file says', async (name) => {
  const golden = new URL(`${name}/exchanges.golden.json`, FOLDER)
  const lines = await replayed(name)
  const text = `${JSON.stringify(shown(lines), undefined, 2)}\n`
  if (UPDATE) writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
})

test.for(NAMES)('%s: has a page, is small, and holds nothing secret', (name) => {
  expect(existsSync(new URL(`${name}/README.md`, FOLDER))).toBe(true)
  const trace = readFileSync(new URL(`${name}/trace.jsonl`, FOLDER), 'utf8')
  expect(trace.length).toBeLessThan(TRACE_BYTES_MAX)
  const clear = trace.split('\n').map(clearText).join('\n')
  expect(secretsIn(`${trace}\n${clear}`)).toEqual([])
})

test('a planted secret is found', () => {
  const planted = [`-----BEGIN ${'EC'} PRIVATE KEY-----`, `AKIA${'A1B2'.repeat(4)}`, `ghp_${'a'.repeat(36)}`]
  for (const text of planted) {
    const line = JSON.stringify({ record: Buffer.from(text).toString('base64') })
    expect(secretsIn(clearText(line))).toHaveLength(1)
  }
})

async function replayed(name: string): Promise<readonly LineText[]> {
  const loaded = loadConfig(CONFIG, 'golden', {})
  if (loaded.kind !== 'loaded') throw new Error('the configuration of this test is refused')
  const chunks: Uint8Array[] = []
  const standardOutput = createLineWriter(
    (batches, done) => {
      const bytes = Buffer.concat(batches)
      chunks.push(bytes)
      setImmediate(done, null, bytes.length)
    },
    { log: silentLog },
  )
  await replay(new URL(`${name}/trace.jsonl`, FOLDER).pathname, {
    config: loaded.config,
    deploymentTags: [],
    bodyBytesMax: BODY_BYTES_MAX,
    version: '',
    standardOutput,
    terminal: { colour: false, columns: 80 },
    log: silentLog,
  })
  return Buffer.concat(chunks).toString('utf8').trimEnd().split('\n').map(readLine)
}

function shown(lines: readonly LineText[]): readonly unknown[] {
  if (lines.length <= 2 * LINES_SHOWN) return lines
  const between = lines.slice(LINES_SHOWN, -LINES_SHOWN)
  const leftOut = { linesLeftOut: between.length, sha256: hash('sha256', JSON.stringify(between)) }
  return [...lines.slice(0, LINES_SHOWN), leftOut, ...lines.slice(-LINES_SHOWN)]
}

/** Payloads lie in the trace as base64. */
function clearText(line: string): string {
  const [, record = ''] = /^\{"record":"([^"]*)"\}$/.exec(line) ?? []
  return Buffer.from(record, 'base64').toString('latin1')
}

function secretsIn(text: string): readonly string[] {
  return SECRET_SHAPES.flatMap((shape) => (shape.test(text) ? [String(shape)] : []))
}
