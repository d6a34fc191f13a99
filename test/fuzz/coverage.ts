import { type Profiler, Session } from 'node:inspector'

/** For each script a map of its text: 1 where code ran, 2 where it did not, 0 outside of functions. */
type Painted = ReadonlyMap<string, Uint8Array>

/** Which code under test has run, by V8's counts of its blocks. */
export interface Coverage {
  /** What ran since the last call. */
  take(): Painted
  /** Something in it never ran before `learn` was told of it. */
  isNew(painted: Painted): boolean
  learn(painted: Painted): void
  /** Of the text of all functions known, in percent. */
  percent(): number
  stop(): void
}

const RAN = 1
const DID_NOT_RUN = 2

/** Watches the files of `src/` that `covers` names. One at a time in a process: V8 counts for all of it. */
export function watchCoverage(covers: RegExp): Coverage {
  const session = new Session()
  const known = new Map<string, Uint8Array>()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return { take, isNew, learn, percent, stop }

  function take(): Painted {
    const painted = new Map<string, Uint8Array>()
    session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error) throw error
      for (const { url, functions } of taken.result) {
        const at = url.lastIndexOf('/src/')
        const path = url.slice(at + 1)
        if (at !== -1 && covers.test(path)) painted.set(path, paint(functions))
      }
    })
    return painted
  }

  function isNew(painted: Painted): boolean {
    for (const [path, map] of painted) {
      const before = known.get(path)
      for (let at = 0; at < map.length; at += 1) if (map[at] === RAN && before?.[at] !== RAN) return true
    }
    return false
  }

  function learn(painted: Painted): void {
    for (const [path, map] of painted) {
      const before = known.get(path) ?? new Uint8Array(0)
      const merged = new Uint8Array(Math.max(map.length, before.length))
      merged.set(map)
      for (let at = 0; at < before.length; at += 1) {
        const mark = before[at] ?? 0
        if (mark === RAN || merged[at] === 0) merged[at] = mark
      }
      known.set(path, merged)
    }
  }

  function percent(): number {
    let ran = 0
    let all = 0
    for (const map of known.values()) {
      for (const mark of map) {
        if (mark === RAN) ran += 1
        if (mark !== 0) all += 1
      }
    }
    return all === 0 ? 0 : (100 * ran) / all
  }

  function stop(): void {
    session.post('Profiler.stopPreciseCoverage')
    session.disconnect()
  }
}

/** Outer ranges come before inner ones, and a range is left out where it would say the same as the outer. */
function paint(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ends = functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset))
  const map = new Uint8Array(Math.max(0, ...ends))
  for (const { ranges } of functions) {
    // A module's own code ran before, while it was loaded.
    if (ranges[0]?.startOffset === 0) continue
    for (const { startOffset, endOffset, count } of ranges)
      map.fill(count > 0 ? RAN : DID_NOT_RUN, startOffset, endOffset)
  }
  return map
}
