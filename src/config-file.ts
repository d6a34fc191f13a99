import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, OperatorError } from './base/index.ts'

/** Most bytes of a configuration. */
export const CONFIG_BYTES_MAX = 1024 * 1024

/** The text of a configuration, and what findings call it. */
export interface ConfigText {
  readonly text: string
  readonly name: string
}

/** Where the configuration comes from. */
export interface ConfigSource {
  /** As it is now. Throws an `OperatorError` when it cannot be read. */
  read(): Promise<ConfigText>
  /** Calls `onChanged` when the text is no longer the one that was read last. Not every source can tell. */
  watch(onChanged: () => void): { close(): void }
}

/** How long is waited, in milliseconds; tests wait less. */
export interface Pace {
  readonly pollMs: number
  readonly settleMs: number
  /** A file that became empty is given so long to be filled again. */
  readonly emptyMs: number
}

const PACE: Pace = { pollMs: 500, settleMs: 100, emptyMs: 2_000 }
/** Marks of what is no file: a pipe or a terminal cannot be read twice. */
const OTHER = 'other'
const GONE = 'gone'
const SETTLE_ROUNDS_MAX = 20

/** The text of a file, or of standard input for `-`. Throws an `OperatorError` when it cannot be read. */
export function readConfigText(file: string): string {
  const action = file === '-' ? 'reading stdin' : 'reading config file'
  try {
    return readText(file)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    // The messages of the operating system have the name already.
    const named = file === '-' || why.includes(file) ? why : `${file}: ${why}`
    const hint = 'Give a YAML file in UTF-8, or - for standard input.'
    throw new OperatorError('QTAP_CONFIG_UNREADABLE', `${action}: ${named}.`, hint)
  }
}

/**
 * A file that others may edit, replace or swap by a symbolic link at any time: it is looked at by its path,
 * and taken once it has stopped changing.
 */
export function openConfigFile(path: string, log: Log, pace: Pace = PACE): ConfigSource {
  let last: { readonly text: string; readonly mark: string } | undefined
  return { read, watch }

  async function read(): Promise<ConfigText> {
    if (last?.mark === OTHER) return { text: last.text, name: path }
    const mark = await markOf(path)
    const text = last === undefined ? readConfigText(path) : await settled(last.text)
    last = { text, mark }
    return { text, name: path }
  }

  /** Two readings in a row that are the same; somebody who has truncated the file is waited for. */
  async function settled(before: string): Promise<string> {
    let text = readConfigText(path)
    let emptyMs = 0
    for (let round = 0; round < SETTLE_ROUNDS_MAX || isEmpty(text); round += 1) {
      await sleep(pace.settleMs)
      const next = readConfigText(path)
      emptyMs += pace.settleMs
      const isAwaited = isEmpty(next) && !isEmpty(before) && emptyMs < pace.emptyMs
      if (next === text && !isAwaited) break
      text = next
    }
    return text
  }

  function watch(onChanged: () => void): { close(): void } {
    const stop = new AbortController()
    void poll(onChanged, stop.signal)
    return { close: () => stop.abort() }
  }

  async function poll(onChanged: () => void, signal: AbortSignal): Promise<void> {
    let told: string | undefined
    while (await passed(signal)) {
      const mark = await markOf(path)
      if (signal.aborted) return
      if (mark === last?.mark || mark === told || mark === OTHER) continue
      told = mark
      if (mark === GONE) log.warn('the configuration file is gone: the running one stays', { file: path })
      else if (isChanged(mark)) onChanged()
    }
  }

  async function passed(signal: AbortSignal): Promise<boolean> {
    return sleep(pace.pollMs, true, { signal, ref: false }).catch(() => false)
  }

  /** A file that was touched, or replaced by its equal, has not changed. */
  function isChanged(mark: string): boolean {
    try {
      if (last === undefined || readText(path) !== last.text) return true
      last = { ...last, mark }
      return false
    } catch {
      return true
    }
  }
}

/** What differs when the file at a path was written or replaced. */
async function markOf(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true })
    const { dev, ino, size, mtimeNs, ctimeNs } = found
    return found.isFile() ? `file ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}` : OTHER
  } catch {
    return GONE
  }
}

function readText(file: string): string {
  const descriptor = file === '-' ? 0 : openSync(file, 'r')
  try {
    return decodeConfig(readBytes(descriptor))
  } finally {
    if (descriptor !== 0) closeSync(descriptor)
  }
}

/** All bytes to the end. Throws when they are more than a configuration has. */
export function readBytes(descriptor: number): Buffer {
  if (fstatSync(descriptor).isDirectory()) throw new Error('it is a directory')
  const bytes = Buffer.alloc(CONFIG_BYTES_MAX + 1)
  let length = 0
  for (;;) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null)
    length += count
    if (length > CONFIG_BYTES_MAX) throw new Error('it is larger than 1 MiB')
    if (count === 0) return bytes.subarray(0, length)
  }
}

export function decodeConfig(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not text in UTF-8')
  }
}

function isEmpty(text: string): boolean {
  return text.trim() === ''
}
