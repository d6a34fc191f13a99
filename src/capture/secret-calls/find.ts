import { findInCLibrary } from './c-libraries.ts'
import { type ElfFile, readElf } from './elf.ts'
import { mentionsLabels } from './labels.ts'
import type { SecretCalls } from './secret-calls.ts'

/** Files larger than this are not searched: a search reads all of a file, at about 3 GB/s, in one go. */
const SEARCHED_BYTES_MAX = 1 << 30

interface Finder {
  readonly name: string
  find(elf: ElfFile): SecretCalls
}

/** Tried in this order; the first that does not say `none` answers for the file. */
export const FINDERS: readonly Finder[] = [{ name: 'c libraries', find: findInCLibrary }]

/**
 * Finds where a file hands out TLS secrets, from its bytes alone. `sizeBytes` is the file's size.
 * Synchronous; holds 1 MiB at a time. Never throws: what cannot be read is `not found`.
 */
export function findSecretCalls(fd: number, sizeBytes: number): SecretCalls {
  try {
    return search(fd, sizeBytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { kind: 'not found', why: `it cannot be read (${code})` }
  }
}

function search(fd: number, sizeBytes: number): SecretCalls {
  const reading = readElf(fd, sizeBytes)
  if (reading.kind === 'not elf') return { kind: 'none' }
  if (sizeBytes > SEARCHED_BYTES_MAX) return { kind: 'not found', why: 'it is larger than 1 GiB' }
  if (reading.kind === 'foreign') {
    return mentionsLabels(fd, sizeBytes) ? { kind: 'not found', why: reading.why } : { kind: 'none' }
  }
  for (const finder of FINDERS) {
    const calls = finder.find(reading.elf)
    if (calls.kind !== 'none') return calls
  }
  return { kind: 'none' }
}
