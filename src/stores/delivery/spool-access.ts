import type { Clock, Log } from '../../base/index.ts'
import { FolderInUse } from './folder-lock.ts'
import { createNotice } from './notice.ts'
import { openSpool, type Spool } from './spool.ts'

/** A former run, or the store before a reload, lets its folder go within some seconds. */
const IN_USE_RETRY_MS = 1_000
const IN_USE_SAID_AFTER_MS = 10_000
const RETRY_MS = 10_000

/** The way to a spool that may be in use, on a full disk, or in a folder that cannot be written. */
export interface SpoolAccess {
  /** Undefined until its folder could be opened. */
  readonly spool: Spool | undefined
  /** False for a while after it could not be written. */
  readonly isWritable: boolean
  writeFailed(error: unknown): void
  writeSucceeded(): void
  close(): Promise<void>
}

interface AccessOptions {
  readonly name: string
  readonly folder: string | undefined
  readonly bytesMax: number
  readonly clock: Clock
  readonly log: Log
  /** It can be written, as far as is known: for the first time, or again. */
  readonly onUsable: () => void
}

/** Tries once before it is fulfilled, and goes on trying. */
export async function openSpoolAccess(options: AccessOptions): Promise<SpoolAccess> {
  const { name, folder, bytesMax, clock, log, onUsable } = options
  const notice = createNotice(clock)
  const beganMs = clock.elapsedMs()
  let spool: Spool | undefined
  let isPaused = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let opening: Promise<void> | undefined
  await tryToOpen()
  return {
    get spool() {
      return spool
    },
    get isWritable() {
      return spool !== undefined && !isPaused
    },
    writeFailed,
    writeSucceeded: () => notice.end(() => log.info('outputs are kept on disk again', { store: name })),
    close,
  }

  async function tryToOpen(): Promise<void> {
    if (folder === undefined) return
    try {
      const opened = await openSpool(folder, bytesMax)
      if (isClosed) return await opened.close()
      spool = opened
    } catch (error) {
      const isInUse = error instanceof FolderInUse
      if (!isInUse || clock.elapsedMs() - beganMs > IN_USE_SAID_AFTER_MS) say(error)
      later(isInUse ? IN_USE_RETRY_MS : RETRY_MS, reopen)
      return
    }
    notice.end(() => log.info('outputs are kept on disk again', { store: name }))
  }

  function reopen(): void {
    opening = tryToOpen().then(() => {
      if (spool !== undefined) onUsable()
    })
  }

  function writeFailed(error: unknown): void {
    say(error)
    isPaused = true
    later(RETRY_MS, () => {
      isPaused = false
      onUsable()
    })
  }

  function say(error: unknown): void {
    notice.begin(() => log.warn('outputs cannot be kept on disk', { store: name, why: reasonOf(error) }))
  }

  function later(pauseMs: number, what: () => void): void {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(what, pauseMs)
    timer.unref()
  }

  async function close(): Promise<void> {
    isClosed = true
    clearTimeout(timer)
    await opening
    await spool?.close()
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof FolderInUse) return error.message
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error ? String(error.code) : error.message
}
