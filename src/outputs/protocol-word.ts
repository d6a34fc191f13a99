import type { Connection } from '../connections/index.ts'

/** The protocols that events and tags have a word for. */
export type ProtocolWord = 'http1' | 'http2' | 'grpc' | 'dns'

/**
 * What a connection speaks, by the documented words; undefined until that is known, or when there is no word
 * for it. A WebSocket is `http1`: it began as that, and programs that read events know no other word for it.
 */
export function protocolWord({ protocol }: Connection): ProtocolWord | undefined {
  if (protocol === 'http1' || protocol === 'http2' || protocol === 'grpc' || protocol === 'dns')
    return protocol
  return protocol === 'websocket' ? 'http1' : undefined
}
