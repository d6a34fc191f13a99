import { disabled } from './disabled/index.ts'
import { otel } from './otel/index.ts'
import { stdout } from './stdout/index.ts'

/** Every event store by the word that names it. */
export const EVENT_STORES = { disabled, otel, stdout } as const
