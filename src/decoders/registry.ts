import type { Protocol } from './decoder.ts'
import { http1 } from './http1/decoder.ts'

/** Every protocol that can be decoded. Key = `type` = the folder's name. */
export const PROTOCOLS = { http1 } as const satisfies Record<string, Protocol>
