import type { Clock } from '../../base/index.ts'

const AGAIN_AFTER_MS = 60_000

/**
 * Says once that something began, and once that it is over. What comes and goes is said once a minute at
 * most; what lasts is said even if it was said shortly before.
 */
export interface Notice {
  /** To be called as often as it happens. */
  begin(say: () => void): void
  end(say?: () => void): void
}

export function createNotice(clock: Clock): Notice {
  let isSaid = false
  let saidMs = Number.NEGATIVE_INFINITY
  return { begin, end }

  function begin(say: () => void): void {
    if (isSaid) return
    const nowMs = clock.elapsedMs()
    if (nowMs - saidMs < AGAIN_AFTER_MS) return
    isSaid = true
    saidMs = nowMs
    say()
  }

  function end(say?: () => void): void {
    if (isSaid) say?.()
    isSaid = false
  }
}
