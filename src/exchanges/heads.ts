import type { Heads } from './exchange.ts'
import { describeCall } from './grpc.ts'
import type { Open } from './open-exchanges.ts'
import { readTarget, type Target } from './target.ts'

/** What is known of an exchange before it is over. */
export function headsOf(open: Open): Heads {
  const { id, connection, protocol, head, response } = open
  const { scheme, authority, path, url } = targetOf(open)
  return {
    id,
    connection,
    protocol,
    request: { method: head.method, scheme, authority, path, url, headers: head.headers },
    response: response && { status: response.status, headers: response.headers },
    grpc: describeCall(open, false),
  }
}

/** What the request asks for, put together once. */
export function targetOf(open: Open): Target {
  open.target ??= readTarget(open.connection, open.head)
  return open.target
}

/** Leaves at the connection what its first request says of it: the host, and that it carries calls. */
export function noteHost(open: Open): void {
  const { connection, call } = open
  if (call?.certain === true) connection.protocol = 'grpc'
  if (connection.hostName !== undefined) return
  const { authority } = targetOf(open)
  const end = authority.endsWith(']') ? -1 : authority.lastIndexOf(':')
  connection.hostName = end === -1 ? authority : authority.slice(0, end)
}
