import type { Exchange } from '../exchanges/index.ts'
import { directionOf } from './direction.ts'
import { headerValue } from './headers.ts'
import { statusOf } from './status.ts'

export type Summary = Readonly<Record<string, string | number>>

/** What events say of an exchange. Never holds a query string, a secret header's value, or content. */
export function summarise(exchange: Exchange): Summary {
  const { connection, request, response, protocol, durationMs, completeness, grpc } = exchange
  const container = connection.process?.container?.facts
  const summary: Record<string, string | number> = {}
  if (durationMs !== undefined) summary['duration_ms'] = durationMs
  summary['direction'] = directionOf(connection)
  add('process_exe', connection.process?.exe)
  add('container_name', container?.name)
  add('container_image', container?.image)
  add('pod_name', container?.pod?.name)
  add('pod_namespace', container?.pod?.namespace)
  summary['connection_id'] = connection.id
  add('request_method', request.method)
  add('request_scheme', request.scheme)
  add('request_host', request.authority)
  add('request_path', request.path)
  add('request_protocol', protocol)
  add('request_content_type', headerValue(request.headers, 'content-type'))
  if (grpc !== undefined) {
    add('grpc_service', grpc.service)
    add('grpc_method', grpc.method)
    add('grpc_status', grpc.status?.toString())
    add('grpc_status_name', grpc.statusName)
  }
  summary['response_status'] = statusOf(exchange)
  add('response_content_type', response && headerValue(response.headers, 'content-type'))
  if (completeness !== 'complete') summary['completeness'] = completeness
  return summary

  function add(name: string, value: string | undefined): void {
    if (value !== undefined && value !== '') summary[name] = value
  }
}
