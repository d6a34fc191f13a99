import type { Log } from '../base/index.ts'
import type { Process } from './events.ts'
import { processFilter } from './filters.ts'
import type { Kernel } from './kernel/open.ts'
import type { Tap } from './options.ts'

/**
 * Decides what of each process's traffic is left out, and keeps the kernel's list of it. The kernel lets a
 * child begin with what its parent has, and lets a new program begin with nothing. What comes before the
 * kernel was told is left out by the reader of records.
 */
export function chooseSkips(
  kernel: Pick<Kernel, 'skipProcess' | 'bootNs'>,
  filters: Tap['filters'],
  log: Pick<Log, 'warn'>,
) {
  const told = new Map<number, number>()
  let filter = processFilter(filters, process.pid)
  let changedAt = Number.NEGATIVE_INFINITY
  let isWarned = false
  return { of, change, started, judged, forked, ended, surprised }

  function of(process: Process): number {
    const { strategy, exe, pid } = process
    if (!isWarned && (strategy === 'forward' || strategy === 'proxy')) {
      isWarned = true
      log.warn('QPOINT_STRATEGY asks to forward traffic, which is observed instead', { strategy, exe, pid })
    }
    return filter(process)
  }

  /** From here on, by these filters. */
  function change(to: Tap['filters']): void {
    filter = processFilter(to, process.pid)
    changedAt = kernel.bootNs()
  }

  function started({ pid, skips }: Process): void {
    if (skips !== 0) tell(pid, skips)
    else if (told.delete(pid)) kernel.skipProcess(pid, 0)
  }

  /** Judged anew: the kernel may have let it begin with something nobody here has told it. */
  function judged({ pid, skips }: Process): void {
    tell(pid, skips)
  }

  /** What the kernel let it begin with may be from before the filters changed. */
  function forked({ pid, skips }: Process, at: number): void {
    if (at <= changedAt) tell(pid, skips)
  }

  function ended(pid: number): void {
    if (told.delete(pid)) kernel.skipProcess(pid, 0)
  }

  /** Something came that the kernel should have left out. */
  function surprised({ pid, skips }: Process): void {
    if (told.get(pid) !== skips) tell(pid, skips)
  }

  function tell(pid: number, skips: number): void {
    if (skips === 0) told.delete(pid)
    else told.set(pid, skips)
    kernel.skipProcess(pid, skips)
  }
}
