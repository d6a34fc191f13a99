import type { Heads } from '../../exchanges/index.ts'
import { endpointOf } from '../endpoint.ts'
import { type TagRules, tagsOf } from '../tags.ts'
import type { ExchangeEvent } from './event-parts.ts'

/** What every event about an exchange begins with. */
export function eventMeta(
  exchange: Pick<Heads, 'id' | 'connection' | 'request'>,
  rules: TagRules,
): ExchangeEvent {
  const { id, connection } = exchange
  return {
    connectionId: connection.id,
    endpointId: endpointOf(exchange),
    requestId: id,
    tags: tagsOf(connection, rules),
  }
}
