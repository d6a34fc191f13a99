import type { Log, Source } from '../base/index.ts'
import type { Decoded } from './decode.ts'

const PROGRAMS_MAX = 1_024

/**
 * Tells the operator which programs speak HTTP that is not decoded: the first connection of each program.
 * Connections of protocols that nobody names are only counted, by `decode`.
 */
export function reportUndecoded(decoded: Source<Decoded>, log: Log): void {
  const told = new Set<string>()
  decoded.listen(({ connection, protocol, messages }) => {
    if (protocol !== 'http2' || messages[0]?.kind !== 'opaque') return
    const { process, remote, tls, id } = connection
    const program = process?.exe ?? ''
    if (told.has(program) || told.size >= PROGRAMS_MAX) return
    told.add(program)
    log.warn('HTTP/2 is not decoded yet: exchanges of this program are not shown', {
      exe: program,
      remote: `${remote.ip}:${remote.port}`,
      server_name: tls?.serverName,
      connection_id: id,
    })
  })
}
