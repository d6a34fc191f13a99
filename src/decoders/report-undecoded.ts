import type { Log, Source } from '../base/index.ts'
import type { Decoded } from './decode.ts'

const PROGRAMS_MAX = 1_024

/**
 * Tells the operator which programs speak HTTP that is not decoded, or speak through a proxy's tunnel: the
 * first connection of each program and reason.
 * Connections of protocols that nobody names are only counted, by `decode`.
 */
export function reportUndecoded(decoded: Source<Decoded>, log: Log): void {
  const told = new Set<string>()
  decoded.listen((event) => {
    const why = reasonOf(event)
    if (why === undefined) return
    const { process, remote, tls, id } = event.connection
    const program = `${process?.exe} ${why}`
    if (told.has(program) || told.size >= PROGRAMS_MAX) return
    told.add(program)
    log.warn(why, {
      exe: process?.exe ?? '',
      remote: `${remote.ip}:${remote.port}`,
      server_name: tls?.serverName,
      connection_id: id,
    })
  })
}

function reasonOf({ protocol, messages }: Decoded): string | undefined {
  const last = messages.at(-1)
  if (last?.kind !== 'opaque') return undefined
  if (last.why === 'tunnel') return 'what passes through a CONNECT tunnel is not shown'
  if (protocol === 'http2') return 'HTTP/2 is not decoded yet: exchanges of this program are not shown'
  return undefined
}
