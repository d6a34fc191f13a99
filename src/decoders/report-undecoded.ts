import type { Log, Source } from '../base/index.ts'
import type { Decoded } from './decode.ts'

const PROGRAMS_MAX = 1_024

/**
 * Tells the operator which programs speak something unknown through a proxy's tunnel: the first connection
 * of each.
 * Connections of protocols that nobody names are only counted, by `decode`.
 */
export function reportUndecoded(decoded: Source<Decoded>, log: Log): void {
  const told = new Set<string>()
  decoded.listen(({ connection, messages }) => {
    const last = messages.at(-1)
    if (last?.kind !== 'opaque' || last.why !== 'tunnel') return
    const { process, remote, tls, id } = connection
    const program = process?.exe ?? ''
    if (told.has(program) || told.size >= PROGRAMS_MAX) return
    told.add(program)
    log.warn('what passes through a CONNECT tunnel is of no protocol that is shown', {
      exe: program,
      remote: `${remote.ip}:${remote.port}`,
      server_name: tls?.serverName,
      connection_id: id,
    })
  })
}
