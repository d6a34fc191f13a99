import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

const PATIENCE_MS = 20_000
const TOLD_MAX = 40

/** What a program writes, line by line, each understood when it comes. */
export interface Lines<Line> {
  readonly all: readonly Line[]
  /** The lines that are as wanted, once there are `count`; fails with the last of all if they do not come. */
  until(wanted: (line: Line) => boolean, count?: number): Promise<readonly Line[]>
  readonly ended: Promise<void>
}

/** `understand` gives undefined for lines that are of no interest. */
export function readLines<Line>(
  stream: Readable,
  understand: (text: string) => Line | undefined,
  tell: (line: Line) => string,
): Lines<Line> {
  const all: Line[] = []
  const waiting = new Set<() => void>()
  const reader = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  let over = false
  reader.on('line', (text) => {
    const line = understand(text)
    if (line === undefined) return
    all.push(line)
    for (const look of waiting) look()
  })
  const ended = new Promise<void>((resolve) =>
    reader.once('close', () => {
      over = true
      for (const look of waiting) look()
      resolve()
    }),
  )
  return { all, until, ended }

  function until(wanted: (line: Line) => boolean, count = 1): Promise<readonly Line[]> {
    return new Promise((resolve, reject) => {
      const found: Line[] = []
      let seen = 0
      const timer = setTimeout(() => finish(`did not come within ${PATIENCE_MS} ms`), PATIENCE_MS)
      waiting.add(look)
      look()

      function look(): void {
        for (; seen < all.length; seen += 1) {
          const line = all[seen]
          if (line !== undefined && wanted(line)) found.push(line)
        }
        if (found.length >= count) finish()
        else if (over) finish('did not come before the end')
      }

      function lastTold(): string {
        return all.slice(-TOLD_MAX).map(tell).join('\n')
      }

      function finish(why?: string): void {
        clearTimeout(timer)
        waiting.delete(look)
        if (why === undefined) resolve(found)
        else
          reject(
            new Error(`${count - found.length} of ${count} lines ${why}; the last that came:\n${lastTold()}`),
          )
      }
    })
  }
}
