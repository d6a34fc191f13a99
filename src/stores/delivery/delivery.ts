import { type Batch, createBatch, insertInOrder, takeOut } from './batch.ts'
import { createDeliveryStats } from './delivery-stats.ts'
import { createFlush } from './flush.ts'
import { createKeeping } from './keep.ts'
import { createNotice } from './notice.ts'
import { createOutage } from './outage.ts'
import type { DeliveryOptions, Outcome, Parcel, ReliableDelivery } from './parcel.ts'
import { createParcelQueue, parcelBytes } from './parcel-queue.ts'
import { createRefusals } from './refusals.ts'
import { openSpoolAccess } from './spool-access.ts'

const NO_RECEIPT = new Uint8Array(0)
/** Of one turn of the event loop for moving parcels to the spool; the rest goes in the next turns. */
const KEEP_MS_MAX = 5
const READ_RETRY_MS = 1_000

/**
 * Delivers parcels in batches, tries again, and keeps on disk what cannot be delivered now.
 *
 * There are three places, each older than the next: batches that are under way or to be sent again; the
 * spool; the queue in memory. Batches are cut from the spool as long as it has parcels that are not in
 * memory too, else from the queue. While the backend is down or the spool has such parcels, everything in
 * memory goes to the spool at the end of the turn, in that order, and what is sent remains there until it is
 * delivered.
 *
 * Batches leave in order. With several in flight they may arrive in another one, and each is noted as
 * delivered by itself.
 */
export async function openDelivery(options: DeliveryOptions): Promise<ReliableDelivery> {
  const { name, sender, limits, clock, log, onDelivered } = options
  const queue = createParcelQueue()
  /** To be sent, in order: again, or just read from the spool. */
  const ready: Batch[] = []
  const underWay: Batch[] = []
  const refusing = createNotice(clock)
  const dropping = createNotice(clock)
  let nextOrdinal = 0
  let hasWaited = false
  let waiting: NodeJS.Timeout | undefined
  let isTurning = false
  let reading: Promise<void> | undefined
  let readRetry: NodeJS.Timeout | undefined
  let stage: 'open' | 'flushing' | 'closed' | 'ended' = 'open'
  let closing: Promise<void> | undefined

  const access = await openSpoolAccess({
    name,
    folder: options.spoolFolder,
    bytesMax: limits.spoolBytesMax,
    clock,
    log,
    onUsable: turnSoon,
  })
  const stats = createDeliveryStats(queue, underWay, access)
  const outage = createOutage({ name, clock, log, onProbe: turnSoon, kept: countWaiting })
  const batches = () => [...underWay, ...ready]
  const keeping = createKeeping({ access, queue, batches })
  const refusals = createRefusals({
    sendLater: (batch) => insertInOrder(ready, batch),
    takeBack: (batch) => takeOut(ready, batch),
    drop: dropRefused,
  })
  const flush = createFlush({ clock, isDone: isFlushed })
  turnSoon()
  return { add, stats, close }

  function add(bytes: Uint8Array, receipt: Uint8Array = NO_RECEIPT): void {
    stats.taken += 1
    if (isClosed()) {
      stats.lost += 1
      return
    }
    const parcel: Parcel = { bytes, receipt }
    makeRoom(parcelBytes(parcel))
    queue.push(parcel)
    if (isFull() || isKeeping()) turnSoon()
    else if (waiting === undefined) wait()
  }

  function isFull(): boolean {
    return queue.bytes >= limits.batchBytesMax || queue.count >= limits.batchCountMax
  }

  function makeRoom(bytes: number): void {
    while (
      queue.count > 0 &&
      (queue.bytes + bytes > limits.queueBytesMax || queue.count + 1 > limits.queueCountMax)
    ) {
      if (access.isWritable && keeping.step()) continue
      queue.shift()
      stats.droppedByQueue += 1
      sayDropped('its queue is full')
    }
  }

  function sayDropped(why: string): void {
    dropping.begin(() => log.warn('a store drops its oldest outputs', { store: name, why }))
  }

  /** Whether what is taken goes to the spool. */
  function isKeeping(): boolean {
    return access.isWritable && (outage.isDown || (access.spool?.unread ?? 0) > 0)
  }

  function wait(): void {
    waiting = setTimeout(() => {
      waiting = undefined
      hasWaited = true
      turnSoon()
    }, limits.batchWaitMs)
    waiting.unref()
  }

  function turnSoon(): void {
    if (!isTurning) setImmediate(turn)
    isTurning = true
  }

  /** At the end of a turn of the event loop. */
  function turn(): void {
    isTurning = false
    if (isClosed()) return
    const beganMs = clock.elapsedMs()
    const droppedBefore = stats.droppedBySpool
    while (isKeeping() && keeping.step()) {
      if (clock.elapsedMs() - beganMs < KEEP_MS_MAX) continue
      turnSoon()
      break
    }
    if (stats.droppedBySpool > droppedBefore) sayDropped('its spool is full')
    sendWhatMay()
    flush.look()
  }

  function sendWhatMay(): void {
    while (underWay.length < limits.inFlightMax && (!outage.isDown || outage.mayProbe)) {
      const batch = nextBatch()
      if (batch === undefined) return
      underWay.push(batch)
      void send(batch)
    }
  }

  function nextBatch(): Batch | undefined {
    const at = ready.findIndex(({ isParked }) => !isParked)
    if (at !== -1) return ready.splice(at, 1)[0]
    if (reading !== undefined || readRetry !== undefined) return undefined
    if ((access.spool?.unread ?? 0) === 0) return cutBatch()
    reading = readBatch()
    return undefined
  }

  function cutBatch(): Batch | undefined {
    const isDue = hasWaited || stage !== 'open' || isFull()
    if (queue.count === 0 || !isDue) return undefined
    const parcels = queue.peek(limits.batchBytesMax, limits.batchCountMax)
    for (let count = parcels.length; count > 0; count -= 1) queue.shift()
    hasWaited = false
    clearTimeout(waiting)
    waiting = undefined
    if (queue.count > 0) wait()
    return numbered(parcels, undefined)
  }

  function numbered(parcels: readonly Parcel[], kept: Batch['kept']): Batch {
    const batch = createBatch(parcels, nextOrdinal, kept)
    nextOrdinal += parcels.length
    return batch
  }

  async function readBatch(): Promise<void> {
    try {
      const read = await access.spool?.read(limits.batchBytesMax, limits.batchCountMax)
      if (read !== undefined) insertInOrder(ready, numbered(read.parcels, read.range))
    } catch (error) {
      log.debug('the spool of a store cannot be read now', { store: name, error })
      readRetry = setTimeout(() => {
        readRetry = undefined
        turnSoon()
      }, READ_RETRY_MS)
      readRetry.unref()
    }
    reading = undefined
    if (!isClosed()) sendWhatMay()
    flush.look()
  }

  async function send(batch: Batch): Promise<void> {
    outage.sent(batch)
    stats.batches += 1
    if (batch.sends > 0) stats.retries += 1
    batch.sends += 1
    let outcome: Outcome
    try {
      outcome = await sender.send(batch.parcels)
    } catch {
      outcome = { kind: 'again', why: 'the sender failed' }
    }
    // Its spool may be another's by now.
    if (stage === 'ended') return
    takeOut(underWay, batch)
    settle(batch, outcome)
    if (isClosed()) return
    if (isKeeping()) turnSoon()
    sendWhatMay()
    flush.look()
  }

  function settle(batch: Batch, outcome: Outcome): void {
    if (outcome.kind === 'again') {
      insertInOrder(ready, batch)
      if (!isClosed()) outage.failed(batch, outcome.why, outcome.afterMs)
      return
    }
    outage.answered()
    if (outcome.kind === 'refused' || (outcome.kind === 'partly' && batch.parcels.length === 1)) {
      sayRefused(outcome.why)
      refusals.refused(batch)
      return
    }
    const refused = outcome.kind === 'partly' ? Math.min(batch.parcels.length, outcome.refused) : 0
    stats.refused += refused
    stats.delivered += batch.parcels.length - refused
    if (outcome.kind === 'partly') sayRefused(outcome.why)
    else refusing.end()
    dropping.end()
    acknowledge(batch)
    refusals.taken(batch)
    for (const parcel of batch.parcels) if (parcel.receipt.length > 0) confirm(parcel.receipt, refused > 0)
  }

  /** Where nobody knows which parcels are refused, none is said to be delivered. */
  function confirm(receipt: Uint8Array, isUncertain: boolean): void {
    if (isUncertain) {
      stats.unconfirmed += 1
      return
    }
    try {
      onDelivered?.(receipt)
    } catch (error) {
      // A bug of who listens must not end the sending.
      log.error('what follows a delivery failed', { store: name, error })
    }
  }

  function isClosed(): boolean {
    return stage === 'closed' || stage === 'ended'
  }

  function sayRefused(why: string): void {
    refusing.begin(() => log.warn('a store refuses outputs', { store: name, why }))
  }

  function dropRefused(batch: Batch): void {
    stats.refused += batch.parcels.length
    acknowledge(batch)
  }

  function acknowledge(batch: Batch): void {
    if (batch.kept !== undefined) access.spool?.acknowledge(batch.kept)
  }

  /** Parcels that are neither delivered nor given up. */
  function countWaiting(): number {
    return queue.count + stats.spoolCount + countUnkept()
  }

  function countUnkept(): number {
    let count = 0
    for (const { parcels, kept } of batches()) {
      count += parcels.length - (kept === undefined ? 0 : (access.spool?.holds(kept) ?? 0))
    }
    return count
  }

  /** While the backend is down, what is in the spool need not wait for it. */
  function isFlushed(): boolean {
    if (underWay.length > 0 || reading !== undefined) return false
    if (outage.isDown && access.isWritable) return true
    return queue.count === 0 && ready.length === 0 && (access.spool?.unread ?? 0) === 0
  }

  function close(withinMs: number): Promise<void> {
    closing ??= flushAndClose(withinMs)
    return closing
  }

  async function flushAndClose(withinMs: number): Promise<void> {
    stage = 'flushing'
    if (!access.isWritable) outage.hurry()
    turnSoon()
    await flush.wait(withinMs)
    stage = 'closed'
    clearTimeout(waiting)
    clearTimeout(readRetry)
    outage.close()
    await reading
    while (access.spool !== undefined && keeping.step()) await flush.nextTurn()
    // Senders may still tell of batches that were under way.
    await flush.withinRest(sender.close())
    stage = 'ended'
    sayLost(countUnkept() + queue.count)
    await access.close()
  }

  function sayLost(count: number): void {
    stats.lost += count
    if (count > 0) log.warn('a store was closed before all was delivered', { store: name, lost: count })
  }
}
