import { constants, fstatSync, openSync, writev } from 'node:fs'
import { releaseBytes } from './byte-builder.ts'
import type { Log } from './log.ts'
import type { Stats } from './source.ts'

/** What a sink says of one attempt: how many bytes it took, or which error stopped it. */
export type SinkDone = (error: { readonly code?: string | undefined } | null, writtenBytes: number) => void

/** Where bytes go, in order. Must not block; calls `done` exactly once, never before it has returned. */
export type Sink = (batches: readonly Uint8Array[], done: SinkDone) => void

/** Lines for a reader outside the program, in the order of the calls. */
export interface LineWriter {
  /** Adds one line (or several with newlines between them); the last newline is added here. Never throws. */
  write(line: string): void
  /** Adds bytes that end with a newline, and takes them over: they are gone once written. Never throws. */
  writeBytes(lines: Uint8Array): void
  /** True once all that was written has been taken; false after `timeoutMs`, or when the reader is gone. */
  flush(timeoutMs: number): Promise<boolean>
  /** Flushes, then says in the log what was lost, if anything was. Takes no lines afterwards. */
  close(timeoutMs: number): Promise<void>
  /** True when the reader is gone, or after `close`: lines are ignored. */
  readonly closed: boolean
  readonly stats: Readonly<Stats>
}

const BATCH_CHARACTERS = 64 * 1024
/** Given to the sink at once: a writer that waits for a turn of the event loop must not fall behind. */
const BATCHES_AT_ONCE = 16
const BATCH_MS = 20
const RETRY_MS = 5
const HELD_BYTES_MAX = 16 * 1024 * 1024
/** The reader went away: a closed pipe or socket, a hung-up terminal, a descriptor that is not open. */
const READER_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET', 'EIO', 'EBADF'])
const NOT_NOW: ReadonlySet<string | undefined> = new Set(['EAGAIN', 'EINTR'])

/**
 * Collects lines and hands them to `sink` in batches: after a few milliseconds, or at 64 KiB.
 * Holds at most `heldBytesMax`; lines beyond it are dropped (the newest first) and counted.
 */
export function createLineWriter(
  sink: Sink,
  options: { readonly log: Log; readonly heldBytesMax?: number; readonly onReaderGone?: () => void },
): LineWriter {
  const { log, heldBytesMax = HELD_BYTES_MAX, onReaderGone } = options
  const stats = { lines: 0, writtenBytes: 0, heldBytes: 0, droppedLines: 0, failedBytes: 0 }
  /** Not yet encoded. Shorter than a batch except within `write`. */
  let text = ''
  let batches: Uint8Array[] = []
  let timer: NodeJS.Timeout | undefined
  let writing = false
  let closed = false
  let waiting: ((complete: boolean) => void)[] = []

  return {
    stats,
    write,
    writeBytes,
    flush,
    close,
    get closed() {
      return closed
    },
  }

  function write(line: string): void {
    if (!takes(line.length)) return
    text += line
    text += '\n'
    if (text.length >= BATCH_CHARACTERS) sendText()
    else timer ??= setTimeout(onTimer, BATCH_MS)
  }

  function writeBytes(lines: Uint8Array): void {
    if (!takes(lines.length)) return
    sendText()
    stats.heldBytes += lines.length
    batches.push(lines)
    sendBatch()
  }

  function takes(length: number): boolean {
    if (closed) return false
    const hasRoom = stats.heldBytes + text.length + length < heldBytesMax
    if (hasRoom) {
      stats.lines += 1
      return true
    }
    if (stats.droppedLines === 0)
      log.warn('standard output is not read fast enough: lines are lost', { held_bytes: stats.heldBytes })
    stats.droppedLines += 1
    return false
  }

  function onTimer(): void {
    timer = undefined
    sendText()
  }

  function sendText(): void {
    if (text !== '') {
      const batch = Buffer.from(text, 'utf8')
      text = ''
      stats.heldBytes += batch.length
      batches.push(batch)
    }
    sendBatch()
  }

  function sendBatch(): void {
    if (writing || closed || batches.length === 0) return
    writing = true
    sink(batches.slice(0, BATCHES_AT_ONCE), onWritten)
  }

  function onWritten(error: { readonly code?: string | undefined } | null, writtenBytes: number): void {
    const [batch] = batches
    if (batch === undefined) return
    if (NOT_NOW.has(error?.code)) {
      setTimeout(retry, RETRY_MS)
      return
    }
    writing = false
    if (READER_GONE.has(error?.code)) {
      stop()
      onReaderGone?.()
      return
    }
    if (error === null) stats.writtenBytes += writtenBytes
    else fail(error.code, batch.length)
    forget(error === null ? writtenBytes : batch.length)
    if (batches.length > 0) sendBatch()
    else if (text === '') settle(true)
  }

  function forget(takenBytes: number): void {
    stats.heldBytes -= takenBytes
    let left = takenBytes
    for (let batch = batches[0]; batch !== undefined && left > 0; batch = batches[0]) {
      if (left < batch.length) {
        batches[0] = batch.subarray(left)
        return
      }
      left -= batch.length
      batches.shift()
      releaseBytes(batch)
    }
  }

  function retry(): void {
    writing = false
    sendBatch()
  }

  /** A full disk may have room again later: what could not be written is lost, the writer goes on. */
  function fail(code: string | undefined, bytes: number): void {
    if (stats.failedBytes === 0) log.warn('standard output cannot be written to', { code })
    stats.failedBytes += bytes
  }

  function stop(): void {
    closed = true
    clearTimeout(timer)
    text = ''
    batches = []
    stats.heldBytes = 0
    settle(false)
  }

  function settle(complete: boolean): void {
    const settled = waiting
    waiting = []
    for (const done of settled) done(complete)
  }

  async function flush(timeoutMs: number): Promise<boolean> {
    if (closed) return false
    sendText()
    if (batches.length === 0) return true
    return await new Promise((resolve) => {
      const limit = setTimeout(resolve, timeoutMs, false)
      waiting.push((complete) => {
        clearTimeout(limit)
        resolve(complete)
      })
    })
  }

  async function close(timeoutMs: number): Promise<void> {
    const complete = await flush(timeoutMs)
    const unwrittenBytes = complete ? 0 : stats.heldBytes
    const { droppedLines, failedBytes } = stats
    if (droppedLines + failedBytes + unwrittenBytes > 0) {
      log.warn('standard output lost lines', { droppedLines, failedBytes, unwrittenBytes })
    }
    if (!closed) stop()
  }
}

/**
 * Writes to standard output (1) or standard error (2), whatever stands behind it. Never blocks on a pipe, a
 * socket or a terminal: a reader that has stopped reading must hold up neither the agent nor its exit.
 */
export function descriptorSink(descriptor: 1 | 2): Sink {
  const target = nonBlocking(descriptor)
  return (batches, done) => writev(target, batches, (error, writtenBytes) => done(error, writtenBytes))
}

function nonBlocking(descriptor: 1 | 2): number {
  try {
    const kind = fstatSync(descriptor)
    // A socket cannot be opened by its path, but Node's own stream makes it non-blocking when it is first
    // asked for.
    if (kind.isSocket()) return descriptor === 1 ? process.stdout.fd : process.stderr.fd
    // A file is never waited for, and opened anew it would be written from its beginning.
    if (!kind.isFIFO() && !kind.isCharacterDevice()) return descriptor
    return openSync(`/dev/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return descriptor
  }
}
