import type { Log, Source } from '../base/index.ts'
import type { StreamEvent, TlsUnreadable } from './connection.ts'

const PROGRAMS_MAX = 1_024

const WHY = {
  'no secret': 'its TLS library handed out no session secrets, or the file was searched too late',
  'joined late': 'the connection is older than the agent',
  'suite not supported': 'its cipher suite is not supported',
  'left out by a filter': undefined,
} as const satisfies Record<TlsUnreadable, string | undefined>

/**
 * Tells the operator whose TLS stays closed, and why: the first connection of each program and reason, then
 * only counts. What the operator left out is counted alone. `stats` counts all of them.
 */
export function reportUnreadable(
  streams: Source<StreamEvent>,
  log: Log,
): { readonly stats: Readonly<Record<TlsUnreadable, number>> } {
  const stats = { 'no secret': 0, 'joined late': 0, 'suite not supported': 0, 'left out by a filter': 0 }
  const told = new Set<string>()
  streams.listen((event) => {
    if (event.kind !== 'unreadable') return
    const why = event.connection.tls?.unreadable
    if (why === undefined) return
    stats[why] += 1
    const because = WHY[why]
    if (because === undefined) return
    const { process, remote, id, tls } = event.connection
    const program = `${process?.exe} ${why}`
    if (told.has(program) || told.size >= PROGRAMS_MAX) return
    told.add(program)
    log.warn(`TLS not readable: ${why}`, {
      exe: process?.exe,
      remote: `${remote.ip}:${remote.port}`,
      server_name: tls?.serverName,
      connection_id: id,
      because,
    })
  })
  return { stats }
}
