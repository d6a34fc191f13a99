import type { Protocol } from './decoder.ts'
import { http1 } from './http1/decoder.ts'
import { http2 } from './http2/decoder.ts'
import { websocket } from './websocket/decoder.ts'

/** Every protocol that can be decoded. Key = `type` = the folder's name. */
export const PROTOCOLS = { http1, http2, websocket } as const satisfies Record<string, Protocol>
