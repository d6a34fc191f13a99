import { type Source, source } from '../base/index.ts'
import type { Container, Process } from '../capture/index.ts'

export interface HoldLimits {
  /** Past it the oldest goes on without its container's name. */
  readonly itemsMax: number
  /** Nanoseconds of captured time. */
  readonly waitNsMax: number
}

export const HOLD_LIMITS: HoldLimits = { itemsMax: 1_000, waitNsMax: 2e9 }

export interface HeldBack<Item> extends Source<Item> {
  /** Lets everything go on that waits. */
  flush(): void
}

interface Waiting<Item> {
  readonly item: Item
  /** Undefined until the first time is told. */
  since: number | undefined
  /** Counts what came to wait. */
  readonly turn: number
}

/** What waits for one container, oldest first; a few containers start at a time. */
interface Queue<Item> {
  readonly container: Container
  readonly waiting: Waiting<Item>[]
}

/**
 * Passes items on at once, but for those of a process whose container's runtime was asked and has not
 * answered yet: these wait for the answer, at most 2 s. Those of one container keep their order.
 */
export function holdBack<Item>(
  items: Source<Item>,
  processOf: (item: Item) => Process | undefined,
  time: Source<{ readonly at: number }>,
  limits: HoldLimits = HOLD_LIMITS,
): HeldBack<Item> {
  const stats = {
    held: 0,
    heldNow: 0,
    /** Went on unnamed: after the longest wait, and because too many waited. */
    heldTooLong: 0,
    heldTooMany: 0,
  }
  const passed = source<Item>(stats)
  let queues: Queue<Item>[] = []
  let now: number | undefined
  items.listen(onItem)
  time.listen(onTime)
  return { listen: passed.listen, stats, flush }

  function onItem(item: Item): void {
    // The answer may have come since: what waited for it goes first.
    if (stats.heldNow > 0) release(isAnswered)
    const container = processOf(item)?.container
    if (container?.state === 'pending') hold(item, container)
    else passed.emit(item)
  }

  function hold(item: Item, container: Container): void {
    let queue = queues.find((known) => known.container === container)
    if (queue === undefined) {
      queue = { container, waiting: [] }
      queues.push(queue)
    }
    queue.waiting.push({ item, since: now, turn: stats.held })
    stats.held += 1
    stats.heldNow += 1
    if (stats.heldNow > limits.itemsMax) dropOldest()
  }

  function onTime({ at }: { readonly at: number }): void {
    now = at
    if (stats.heldNow === 0) return
    release(isAnswered)
    const before = stats.heldNow
    release((waiting) => {
      waiting.since ??= at
      return waiting.since + limits.waitNsMax <= at
    })
    stats.heldTooLong += before - stats.heldNow
  }

  function flush(): void {
    release(() => true)
  }

  /** Lets the beginning of each queue go on for which `mayGo` holds. */
  function release(mayGo: (waiting: Waiting<Item>, container: Container) => boolean): void {
    const ready: Item[] = []
    for (const { container, waiting } of queues) {
      const end = waiting.findIndex((each) => !mayGo(each, container))
      for (const { item } of waiting.splice(0, end === -1 ? waiting.length : end)) ready.push(item)
    }
    if (ready.length === 0) return
    queues = queues.filter(({ waiting }) => waiting.length > 0)
    stats.heldNow -= ready.length
    for (const item of ready) passed.emit(item)
  }

  function dropOldest(): void {
    let oldest: Queue<Item> | undefined
    for (const queue of queues)
      if (!oldest || (queue.waiting[0]?.turn ?? 0) < (oldest.waiting[0]?.turn ?? 0)) oldest = queue
    const dropped = oldest?.waiting.shift()
    if (dropped === undefined) return
    queues = queues.filter(({ waiting }) => waiting.length > 0)
    stats.heldNow -= 1
    stats.heldTooMany += 1
    passed.emit(dropped.item)
  }
}

function isAnswered(_: unknown, { state }: Container): boolean {
  return state !== 'pending'
}
