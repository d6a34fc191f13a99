import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Environment, Log } from './base/index.ts'
import { OperatorError } from './base/index.ts'
import { loadConfig } from './config.ts'
import {
  CONFIG_BYTES_MAX,
  type ConfigSource,
  type ConfigText,
  decodeConfig,
  readBytes,
} from './config-file.ts'

const DOWNLOAD_MS_MAX = 10_000
const NAME_CHARACTERS_MAX = 200

export interface DownloadOptions {
  readonly dataDir: string
  readonly environment: Environment
  readonly log: Log
  readonly timeoutMs?: number
}

/**
 * A configuration behind a URL. What can be used is kept in the data directory, for the times when it cannot
 * be downloaded.
 */
export function openConfigDownload(
  address: string,
  { dataDir, environment, log, timeoutMs = DOWNLOAD_MS_MAX }: DownloadOptions,
): ConfigSource {
  const url = parseUrl(address)
  const name = url.origin + url.pathname
  const file = join(dataDir, cacheName(address))
  return { read, watch: () => ({ close() {} }) }

  async function read(): Promise<ConfigText> {
    log.info('Downloading config from URL', { url: name })
    try {
      const text = await download(url, timeoutMs)
      log.info('Config downloaded successfully', { url: name, bytes: Buffer.byteLength(text) })
      if (loadConfig(text, name, environment).kind === 'loaded') keep(text)
      return { text, name }
    } catch (error) {
      return orKept(error instanceof Error ? error.message : String(error))
    }
  }

  function orKept(why: string): ConfigText {
    const text = readKept(dataDir, file)
    if (text === undefined) {
      const message = `downloading config from ${name}: ${why}.`
      throw new OperatorError('QTAP_CONFIG_DOWNLOAD', message, 'There is no earlier copy to go on with.')
    }
    log.warn('the configuration cannot be downloaded, the copy of the last time is used', {
      url: name,
      file,
      why,
    })
    return { text, name: file }
  }

  function keep(text: string): void {
    const written = `${file}.${randomUUID()}`
    try {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 })
      if (!isOurs(dataDir)) throw new Error('the directory belongs to somebody else')
      writeFileSync(written, text, { mode: 0o600, flag: 'wx' })
      renameSync(written, file)
    } catch (error) {
      rmSync(written, { force: true })
      const why = error instanceof Error ? error.message : String(error)
      log.warn('the configuration cannot be kept for the next time', { file, why })
    }
  }
}

function parseUrl(address: string): URL {
  const url = URL.parse(address)
  if (url !== null) return url
  throw new OperatorError('QTAP_CONFIG_URL', 'The URL of the configuration is none.', 'Correct --config.')
}

/** A text in UTF-8, from an answer of status 200. A user and password of the URL are sent as usual. */
async function download(url: URL, timeoutMs: number): Promise<string> {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const authorization = `Basic ${Buffer.from(user).toString('base64')}`
  try {
    const answer = await fetch(bare, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: user === ':' ? {} : { authorization },
    })
    if (answer.status !== 200) {
      await answer.body?.cancel()
      throw new Error(`status ${answer.status}`)
    }
    return decodeConfig(await bytesOf(answer))
  } catch (error) {
    throw new Error(reasonOf(error))
  }
}

async function bytesOf(answer: Response): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of answer.body ?? []) {
    length += piece.length
    if (length > CONFIG_BYTES_MAX) throw new Error('it is larger than 1 MiB')
    pieces.push(piece)
  }
  return Buffer.concat(pieces, length)
}

/** The library says "fetch failed", and keeps why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it took too long'
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message
}

/** The copy of the last time; undefined where there is none, or none of ours. */
function readKept(dataDir: string, file: string): string | undefined {
  let descriptor: number | undefined
  try {
    if (!isOurs(dataDir)) return undefined
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const found = fstatSync(descriptor)
    return found.isFile() && found.uid === process.getuid?.()
      ? decodeConfig(readBytes(descriptor))
      : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** The default directory lies where everybody may write: one that somebody else made is not trusted. */
function isOurs(directory: string): boolean {
  const found = lstatSync(directory)
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}

/** The documented name: the host with `:` as `-`, the path with `/` and `.` as `-`. */
export function cacheName(address: string): string {
  const { host, pathname, search } = parseUrl(address)
  const hasPath = /^[a-z]+:\/\/[^/?#]*\//i.test(address)
  const path = hasPath ? readable(pathname) : 'index'
  const name = `qtap-config-${host.replaceAll(':', '-')}${path.replaceAll(/[/.]/g, '-')}`
  const isPlain = search === '' && name.length <= NAME_CHARACTERS_MAX
  const rest = isPlain
    ? ''
    : `-${createHash('sha256')
        .update(pathname + search)
        .digest('hex')
        .slice(0, 16)}`
  return `${name.slice(0, NAME_CHARACTERS_MAX)}${rest}.yaml`
}

function readable(pathname: string): string {
  try {
    return decodeURIComponent(pathname).replaceAll(/[^\x20-\x7e]/g, '-')
  } catch {
    return pathname
  }
}
