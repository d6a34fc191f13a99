import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Captured, readCaptured } from './captured.ts'
import { type Lines, readLines } from './lines.ts'
import type { Workshop } from './programs.ts'

export const QTAP = new URL('../../bin/qtap', import.meta.url).pathname

/** A line of the agent's own log. */
export interface Said {
  readonly message: string
  readonly level?: string
  readonly [field: string]: unknown
}

/** A line of `access_logs` about an exchange that is still open. */
export interface ToldProgress {
  readonly msg: string
  readonly bin: string
  readonly exe: string
  readonly direction: string
  readonly method: string
  readonly url: string
  readonly status?: number
  readonly qpoint_request_id: string
  readonly elapsed_ms: number
  readonly request_body_bytes: number
  readonly response_body_bytes: number
  readonly request_messages?: number
  readonly response_messages?: number
}

/** What the agent counted until its end, stage by stage. */
export type Counted = Readonly<Record<string, Readonly<Record<string, number>>>>

export interface Stopped {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** From the signal to the end of the process. */
  readonly tookMs: number
  readonly counted: Counted
  readonly peakMemoryBytes: number
}

/** An event as the event store `stdout` prints it. */
export interface Reported {
  /** Such as `*eventstore.Connection`. */
  readonly type: string
  readonly item: Readonly<Record<string, unknown>>
}

export interface WatchingAgent {
  readonly pid: number
  readonly configFile: string
  /** None unless the configuration has the event store `stdout`. */
  readonly events: Lines<Reported>
  /** Every line that it wrote to standard output and to standard error; none unless `keepsWritten`. */
  readonly written: { readonly output: readonly string[]; readonly log: readonly string[] }
  readonly exchanges: Lines<Captured>
  /** None unless `plugins` has `access_logs` as JSON. */
  readonly progress: Lines<ToldProgress>
  readonly said: Lines<Said>
  peakMemoryBytes(): number
  /** By SIGTERM. */
  stop(): Promise<Stopped>
}

export interface TapSettings {
  readonly tap?: string
  readonly plugins?: string
  /** The whole file, instead of one made of `tap` and `plugins`. */
  readonly config?: string
  readonly keepsWritten?: boolean
  /** Further words of the command line. */
  readonly options?: readonly string[]
  /** Further variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>
}

const CAPTURE_ALL = '{ type: http_capture, config: { level: full, format: json } }'
const WATCH_ALL = 'direction: all, ignore_loopback: false'

/** A configuration that prints each exchange whole; `tap` says otherwise what is watched. */
export function writeConfig(
  workshop: Workshop,
  { tap = WATCH_ALL, plugins = CAPTURE_ALL, config }: TapSettings = {},
): string {
  const file = join(workshop.folder, `qtap-${sequence()}.yaml`)
  const text =
    config ??
    `version: 2
services: { object_stores: [{ type: stdout }] }
stacks: { e2e: { plugins: [${plugins}] } }
tap: { ${tap}, http: { stack: e2e } }
`
  writeFileSync(file, text)
  return file
}

let files = 0
function sequence(): number {
  files += 1
  return files
}

/** Starts the agent and waits until it watches. */
export async function startWatching(workshop: Workshop, settings: TapSettings = {}): Promise<WatchingAgent> {
  const configFile = writeConfig(workshop, settings)
  const logging = ['--log-level', 'debug', '--log-encoding', 'json']
  const options = ['--config', configFile, ...logging, ...(settings.options ?? [])]
  const environment = { ...process.env, DATA_DIR: join(workshop.folder, 'state'), ...settings.environment }
  const child = workshop.start(QTAP, options, { env: environment })
  const keep = (line: string) => (settings.keepsWritten === true ? line : undefined)
  const output = readLines(streamOf(child.stdout), keep, String)
  const log = readLines(streamOf(child.stderr), keep, String)
  const exchanges = readLines(streamOf(child.stdout), readCaptured, describe)
  const progress = readLines(streamOf(child.stdout), readProgress, (line) => JSON.stringify(line))
  const events = readLines(streamOf(child.stdout), readReported, (line) => JSON.stringify(line))
  const said = readLines(streamOf(child.stderr), readSaid, (line) => JSON.stringify(line))
  await said.until(({ message }) => message === 'watching')
  const pid = child.pid ?? 0
  const peak = () => peakMemoryBytes(pid)
  return {
    pid,
    configFile,
    exchanges,
    progress,
    events,
    said,
    written: { output: output.all, log: log.all },
    peakMemoryBytes: peak,
    stop: () => stop(child, said, exchanges, peak()),
  }
}

async function stop(
  child: ChildProcess,
  said: Lines<Said>,
  exchanges: Lines<Captured>,
  peakMemoryBytes: number,
): Promise<Stopped> {
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  )
  const started = performance.now()
  child.kill('SIGTERM')
  const [code, signal] = await ended
  const tookMs = performance.now() - started
  await Promise.all([said.ended, exchanges.ended])
  const [counted] = await said.until(({ message }) => message === 'counted')
  return { code, signal, tookMs, counted: countersOf(counted), peakMemoryBytes }
}

/** The counters of the log line `counted`, by stage. */
export function countersOf(said: Said | undefined): Counted {
  const stages = Object.entries(said ?? {}).flatMap(([stage, counters]) =>
    typeof counters === 'object' && counters !== null ? [[stage, { ...counters }]] : [],
  )
  return Object.fromEntries(stages)
}

export function readSaid(text: string): Said {
  try {
    const said: Said = JSON.parse(text)
    return said
  } catch {
    return { message: text }
  }
}

function readProgress(text: string): ToldProgress | undefined {
  if (!/^\{"msg":"(HTTP|gRPC) progress"/.test(text)) return undefined
  const told: ToldProgress = JSON.parse(text)
  return told
}

function readReported(text: string): Reported | undefined {
  if (!text.includes('"message":"event store submission"')) return undefined
  const reported: Reported = JSON.parse(text)
  return reported
}

export function describe({ exe, direction, method, url, status, completeness }: Captured): string {
  return [exe, direction, method, url, status, completeness].join(' ')
}

/** Most memory a process has had in use at once. */
function peakMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

function streamOf<Stream>(stream: Stream | null): Stream {
  if (stream === null) throw new Error('the agent was started without pipes')
  return stream
}
