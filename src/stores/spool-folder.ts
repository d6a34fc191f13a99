import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../base/index.ts'

/**
 * The folder of one store's spool. Its name holds a hash of where the store's outputs go, so that what was
 * kept for one backend never reaches another; an id, a token or another option does not change it. Stores
 * that go to the same place are told apart by their order.
 */
export function spoolFolderFor(
  dataDir: string,
  kind: string,
  destination: string,
  taken: ReadonlySet<string | undefined>,
): string {
  const plain = kind.replaceAll(/[^\w-]+/g, '-')
  const hash = createHash('sha256').update(kind).update('\0').update(destination).digest('hex').slice(0, 12)
  const first = join(dataDir, 'spool', `${plain}-${hash}`)
  let folder = first
  for (let count = 2; taken.has(folder); count += 1) folder = `${first}-${count}`
  return folder
}

/** Says what lies there for stores that the configuration has no more: nobody will ever send it. */
export function tellOfLeftovers(dataDir: string, taken: ReadonlySet<string | undefined>, log: Log): void {
  for (const folder of foldersIn(join(dataDir, 'spool'))) {
    if (taken.has(folder) || !namesIn(folder).some((name) => name.endsWith('.parcels'))) continue
    log.warn(
      'outputs are kept on disk for a place that no store goes to: delete them, or configure it again',
      {
        folder,
      },
    )
  }
}

function foldersIn(parent: string): readonly string[] {
  return namesIn(parent).map((name) => join(parent, name))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
