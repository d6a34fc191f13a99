import { type Source, source } from '../base/index.ts'
import { SKIP } from '../capture/index.ts'
import type { Connection, StreamEvent } from './connection.ts'
import { type LookupOptions, Lookups, noLookupStats } from './dns/lookups.ts'
import { DNS_PORT } from './dns/message.ts'
import type { Streams } from './follow.ts'
import type { ConnectionReport, Reporting } from './report.ts'

export interface ReportOptions extends Pick<LookupOptions, 'nextId'> {
  /** Whether look-ups of the DNS are reported too. */
  readonly auditIncludeDns: boolean
}

export interface ConnectionReports extends Source<ConnectionReport> {
  reconfigure(options: Pick<ReportOptions, 'auditIncludeDns'>): void
  /** Tells of the look-ups that wait for an answer. To be called behind `Streams.close`. */
  close(): void
}

const FIRST_AFTER_NS = 500e6
const EVERY_NS = 10e9
/** A report that comes so much later than it was due begins a new count of 10 s. */
const LATE_NS = 1e9
/** At one time; of more that are due the rest waits for the next time, some 100 ms later. */
const REPORTS_AT_ONCE_MAX = 1_000

/**
 * Reports each connection 0.5 s after it opened or was first seen, every 10 s from then on, and at its end;
 * a shorter one once. All by captured time, so that a replay reports the same. A DNS look-up is a connection
 * like others, but reported only when the options say so.
 */
export function reportConnections(
  streams: Pick<Streams, 'listen' | 'time' | 'dns'>,
  options: ReportOptions,
): ConnectionReports {
  const stats = {
    reports: 0,
    reportsLeftOut: 0,
    /** Times when more were due than could be told at once. */
    reportsWaited: 0,
    ...noLookupStats(),
  }
  const reports = source<ConnectionReport>(stats)
  const first = new DueList()
  const later = new DueList()
  const lookups = new Lookups(stats, { ...options, onOver: onLookup })
  let includesDns = options.auditIncludeDns
  let lastAt = 0
  streams.listen(onStreamEvent)
  streams.time.listen(({ at }) => onTime(at))
  streams.dns.listen((event) => {
    if (includesDns) lookups.add(event)
  })
  return { listen: reports.listen, stats, reconfigure, close }

  function reconfigure({ auditIncludeDns }: Pick<ReportOptions, 'auditIncludeDns'>): void {
    includesDns = auditIncludeDns
  }

  function close(): void {
    lookups.close(lastAt)
  }

  function onStreamEvent({ kind, connection, at }: StreamEvent): void {
    if (kind === 'opened') onOpened(connection)
    else if (kind === 'closed') onClosed(connection, at)
  }

  function onOpened(connection: Connection): void {
    const dueAt = connection.openedAt + FIRST_AFTER_NS
    connection.reporting = {
      connection,
      dueAt,
      part: 0,
      isFirst: true,
      older: undefined,
      newer: undefined,
    }
    first.append(connection.reporting)
  }

  function onClosed(connection: Connection, at: number): void {
    const { reporting } = connection
    if (reporting === undefined) return
    connection.reporting = undefined
    listOf(reporting).remove(reporting)
    tell(reporting, at, connection.closedAt !== undefined)
  }

  function onTime(at: number): void {
    lastAt = at
    lookups.expire(at)
    for (let told = 0; ; told += 1) {
      const due = earlier(first.oldest, later.oldest)
      if (due === undefined || due.dueAt > at) return
      if (told === REPORTS_AT_ONCE_MAX) {
        stats.reportsWaited += 1
        return
      }
      listOf(due).remove(due)
      due.isFirst = false
      due.dueAt = (at - due.dueAt < LATE_NS ? due.dueAt : at) + EVERY_NS
      later.append(due)
      tell(due, at, false)
    }
  }

  function onLookup(connection: Connection, at: number): void {
    tell({ connection, part: 0 }, at, connection.closedAt !== undefined)
  }

  function tell(told: Pick<Reporting, 'connection' | 'part'>, at: number, finalized: boolean): void {
    const { connection, part } = told
    if (isLeftOut(connection)) {
      stats.reportsLeftOut += 1
      return
    }
    told.part += 1
    stats.reports += 1
    reports.emit({ connection, at, part, finalized })
  }

  function listOf({ isFirst }: Reporting): DueList {
    return isFirst ? first : later
  }

  function isLeftOut(connection: Connection): boolean {
    const skips = connection.process?.skips ?? 0
    if ((skips & SKIP.all) === SKIP.all) return true
    return isDns(connection) && (!includesDns || (skips & SKIP.dns) !== 0)
  }
}

/** One that has said nothing yet is taken to be what its port says. */
function isDns({ protocol, role, remote }: Connection): boolean {
  return protocol === 'dns' || (protocol === undefined && role === 'client' && remote.port === DNS_PORT)
}

function earlier(one: Reporting | undefined, other: Reporting | undefined): Reporting | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.dueAt <= other.dueAt ? one : other
}

/** Those with the same time to wait stand in the order in which they are due. */
class DueList {
  oldest: Reporting | undefined
  #newest: Reporting | undefined

  append(added: Reporting): void {
    added.older = this.#newest
    added.newer = undefined
    if (this.#newest === undefined) this.oldest = added
    else this.#newest.newer = added
    this.#newest = added
  }

  remove({ older, newer }: Reporting): void {
    if (older === undefined) this.oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}
