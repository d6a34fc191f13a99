import { disabled } from './disabled/index.ts'
import { otel } from './otel/index.ts'
import { stdout } from './stdout/index.ts'

/** Every object store by the word that names it. */
export const OBJECT_STORES = { disabled, otel, stdout } as const
