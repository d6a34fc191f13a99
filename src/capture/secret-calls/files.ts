import { fstatSync } from 'node:fs'
import type { Stats } from '../../base/index.ts'
import { findSecretCalls } from './find.ts'
import type { SecretCalls } from './secret-calls.ts'

/** A file with the same four is the same file, under whatever path and in whatever mount namespace. */
export interface FileIdentity {
  readonly device: number
  readonly inode: number
  readonly sizeBytes: number
  readonly mtimeMs: number
}

export interface SearchedFile {
  /** The identity as text: what attachments and counters are kept by. */
  readonly key: string
  readonly identity: FileIdentity
  readonly calls: SecretCalls
  /** Searched just now; false if the answer was remembered. */
  readonly fresh: boolean
}

export interface SearchedFiles {
  readonly stats: Readonly<Stats>
  /** Searches an open file unless it is known. Nothing for what is not a regular file. Never throws. */
  search(fd: number): SearchedFile | undefined
}

/** A busy host maps one to two thousand different executable files. */
const FILES_MAX = 8192

/**
 * Remembers the answer for each file, so that each is searched once. Beyond `filesMax` the file that was
 * asked for longest ago is forgotten: it would be searched again, so attachments must be kept by `key`.
 */
export function createSearchedFiles(filesMax = FILES_MAX): SearchedFiles {
  const known = new Map<string, SecretCalls>()
  const stats = {
    searched_files: 0,
    searched_files_found: 0,
    searched_files_not_found: 0,
    searched_bytes: 0,
    remembered_files: 0,
    forgotten_files: 0,
  }
  return { stats, search }

  function search(fd: number): SearchedFile | undefined {
    const identity = identify(fd)
    if (identity === undefined) return undefined
    const key = `${identity.device} ${identity.inode} ${identity.sizeBytes} ${identity.mtimeMs}`
    const remembered = known.get(key)
    if (remembered === undefined) return { key, identity, calls: searchNow(fd, key, identity), fresh: true }
    stats.remembered_files += 1
    known.delete(key)
    known.set(key, remembered)
    return { key, identity, calls: remembered, fresh: false }
  }

  function searchNow(fd: number, key: string, identity: FileIdentity): SecretCalls {
    const calls = findSecretCalls(fd, identity.sizeBytes)
    stats.searched_files += 1
    stats.searched_bytes += identity.sizeBytes
    if (calls.kind === 'found') stats.searched_files_found += 1
    if (calls.kind === 'not found') stats.searched_files_not_found += 1
    known.set(key, calls)
    const [oldest] = known.keys()
    if (known.size > filesMax && oldest !== undefined) {
      known.delete(oldest)
      stats.forgotten_files += 1
    }
    return calls
  }
}

/** Nothing for directories, devices and pipes, and for a descriptor that is not open. */
export function identify(fd: number): FileIdentity | undefined {
  try {
    const file = fstatSync(fd)
    if (!file.isFile()) return undefined
    return { device: file.dev, inode: file.ino, sizeBytes: file.size, mtimeMs: file.mtimeMs }
  } catch {
    return undefined
  }
}
