/**
 * How many exchanges one core turns from kernel records into access-log lines, beside a bare parse of the
 * same plain bytes by http-parser-js, in the same run. Quote the ratio: the figures are this machine's.
 *
 *   npm run bench:pipeline [-- --short] [RECORDING…]
 */
import { readFileSync } from 'node:fs'
import { HTTPParser } from 'http-parser-js'
import { type Clock, createLineWriter, SILENT_METER, silentLog, source } from '../src/base/index.ts'
import {
  type CaptureEvent,
  readRecordingHeader,
  readRecordingLine,
  replayInto,
} from '../src/capture/index.ts'
import { loadConfig } from '../src/config.ts'
import type { Side } from '../src/connections/index.ts'
import { openPipeline } from '../src/pipeline.ts'

const RECORDINGS = ['keep-alive-plain', 'keep-alive-tls'].map((name) => `test/traces/${name}/trace.jsonl`)
const SHORT_MS = 1_000
const LONG_MS = 5_000
const CONFIG = `
stacks: { bench: { plugins: [{ type: access_logs, config: { mode: summary, format: json } }] } }
tap: { http: { stack: bench } }
`

interface Chunk {
  readonly connection: string
  readonly from: Side
  readonly bytes: Uint8Array
}

async function main(): Promise<void> {
  const words = process.argv.slice(2)
  const runMs = words.includes('--short') ? SHORT_MS : LONG_MS
  const paths = words.filter((word) => !word.startsWith('--'))
  for (const path of paths.length > 0 ? paths : RECORDINGS) await measure(path, runMs)
}

async function measure(path: string, runMs: number): Promise<void> {
  const [first = '', ...texts] = readFileSync(path, 'utf8').trimEnd().split('\n')
  const lines = texts.flatMap((text) => readRecordingLine(text) ?? [])
  const header = readRecordingHeader(first, path)
  const clock: Clock = { bootEpochMs: header.bootEpochMs, nowMs: () => 0, elapsedMs: () => performance.now() }
  const chunks: Chunk[] = []
  const { exchanges: perRound } = await round((chunk) => chunks.push(chunk))
  await rounds(runMs / 4) // The compiler needs to have seen it.
  const ours = await rounds(runMs)
  const bare = bareRounds(chunks, runMs)
  const rate = Math.round((ours.rounds * perRound * 1_000) / ours.ms)
  const bareRate = Math.round((bare.rounds * perRound * 1_000) / bare.ms)
  console.log(
    `${path}: ${rate} exchanges/s of one core (${(1e6 / rate).toFixed(1)} µs each); ` +
      `http-parser-js alone on the plain bytes: ${bareRate}/s; ratio ${(rate / bareRate).toFixed(2)}`,
  )

  async function rounds(ms: number): Promise<{ rounds: number; ms: number }> {
    let spentMs = 0
    let count = 0
    while (spentMs < ms) {
      spentMs += (await round()).ms
      count += 1
    }
    return { rounds: count, ms: spentMs }
  }

  /** Only the feeding is timed. */
  async function round(onChunk?: (chunk: Chunk) => void): Promise<{ ms: number; exchanges: number }> {
    const loaded = loadConfig(CONFIG, 'bench', {})
    if (loaded.kind !== 'loaded') throw new Error('the configuration of the bench is refused')
    const events = source<CaptureEvent>({})
    const standardOutput = createLineWriter((bytes, done) => setImmediate(done, null, bytes.length), {
      log: silentLog,
    })
    const pipeline = await openPipeline(events, {
      config: loaded.config,
      deploymentTags: [],
      system: { hostname: '', agentInstance: '' },
      bodyBytesMax: 2 << 20,
      version: '',
      dataDir: undefined,
      standardOutput,
      terminal: { colour: false, columns: 80 },
      log: silentLog,
      clock,
      ids: header.ids,
      meter: SILENT_METER,
    })
    pipeline.streams.listen((event) => {
      if (event.kind === 'bytes')
        onChunk?.({ connection: event.connection.id, from: event.from, bytes: event.bytes.slice() })
    })
    const feed = replayInto(events)
    const started = cpuMs()
    for (const line of lines) feed(line)
    const ms = cpuMs() - started
    await pipeline.close(0)
    return { ms, exchanges: pipeline.stats().exchanges['complete'] ?? 0 }
  }
}

/** Every connection's two sides through http-parser-js, doing nothing with what it finds. */
function bareRounds(chunks: readonly Chunk[], ms: number): { rounds: number; ms: number } {
  const started = cpuMs()
  let count = 0
  while (cpuMs() - started < ms) {
    const parsers = new Map<string, InstanceType<typeof HTTPParser>>()
    for (const { connection, from, bytes } of chunks) {
      const key = `${connection} ${from}`
      let parser = parsers.get(key)
      if (!parser) {
        parser = new HTTPParser(from === 'client' ? HTTPParser.REQUEST : HTTPParser.RESPONSE)
        parsers.set(key, parser)
      }
      parser.execute(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    }
    count += 1
  }
  return { rounds: count, ms: cpuMs() - started }
}

/** Processor time of this process, all its threads: the machine may be busy with other things. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

await main()
