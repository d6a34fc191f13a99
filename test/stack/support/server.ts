import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as passed } from 'node:timers/promises'
import type { Workshop } from '../../support/programs.ts'

const SCRIPT = new URL('../../../scripts/test-servers.sh', import.meta.url).pathname
const READY_MS = 60_000
const LOOK_EVERY_MS = 50
const TOLD_CHARACTERS = 4_000

/** A running server. */
export interface Server {
  readonly pid: number
  /** The end of what it wrote so far. */
  told(): string
  /** By SIGTERM: it finishes what it has begun. */
  stop(): Promise<void>
  /** By SIGKILL: in the middle of whatever it does. */
  kill(): Promise<void>
}

/** Path of a real server; fails with the remedy when it is not built. */
export function programOf(server: 'collector' | 'jaeger' | 'loki'): string {
  return execFileSync('bash', [SCRIPT, '--find', server], { encoding: 'utf8' }).trim()
}

/** Starts a server and waits until `isReady` says so; fails with its last words when it ends before. */
export async function startServer(
  workshop: Workshop,
  program: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<Server> {
  const child = workshop.start(program, args)
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => {
      words = (words + bytes.toString()).slice(-TOLD_CHARACTERS)
    })
  const told = () => words
  const deadline = performance.now() + READY_MS
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${words}`)
    if (performance.now() > deadline) throw new Error(`${program} is not ready:\n${words}`)
    await passed(LOOK_EVERY_MS)
  }
  return { pid: child.pid ?? 0, told, stop: () => end(child, 'SIGTERM'), kill: () => end(child, 'SIGKILL') }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** What a server answers, if that is 200. */
export async function ask(url: string | URL): Promise<unknown> {
  const response = await fetch(url)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${String(url)} answered ${response.status}: ${text}`)
  return text.startsWith('{') ? JSON.parse(text) : text
}
