import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, createIds, type IdSeed, type Log } from './base/index.ts'

const FILE = 'instance-id'
const ID = /^[0-9a-v]{20}$/

/**
 * What this agent calls itself in connection events: made once, and kept in the data directory. Where that
 * cannot be written it holds for this run only, and a warning says so.
 */
export function instanceId(dataDir: string, clock: Clock, seed: IdSeed, log: Log): string {
  const path = join(dataDir, FILE)
  const kept = read(path)
  if (kept !== undefined) return kept
  const id = createIds(seed)(clock.nowMs())
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(path, `${id}\n`, { mode: 0o644, flag: 'wx' })
  } catch {
    log.warn('the id of this agent cannot be kept, the next run will have another', { file: path })
  }
  return id
}

function read(path: string): string | undefined {
  try {
    const id = readFileSync(path, 'utf8').trim()
    return ID.test(id) ? id : undefined
  } catch {
    return undefined
  }
}
