import type { ContainerFacts } from '../events.ts'
import type { LabelsCounter } from './facts.ts'

/** What a runtime says by itself while a session lasts. */
export interface Hearing {
  readonly told: (fullId: string, facts: ContainerFacts) => void
  /** It should be asked about; `hint` is given back with the question. */
  readonly changed: (fullId: string, hint: string) => void
  readonly ended: (fullId: string) => void
  readonly counter: LabelsCounter & { runtimeMessagesRefused: number }
}

/** A container runtime that answers. */
export interface Session {
  /** The containers that run. */
  readonly list: () => Promise<ReadonlyMap<string, ContainerFacts>>
  /** Undefined: it does not know such a container. Fails when it cannot be asked. */
  readonly ask: (fullId: string, hint: string) => Promise<ContainerFacts | undefined>
  /** Resolves when the runtime hung up. */
  readonly over: Promise<void>
  readonly close: () => void
}

/** Somebody answers, and does not offer what is needed: there is no use in asking again soon. */
export class NotOffered extends Error {}

/** Fails where nobody answers at the path, and with `NotOffered`. */
export type Connect = (path: string, hearing: Hearing) => Promise<Session>

/** How long one question to a runtime may take. */
export const CALL_MS = 2_000
/** Of one answer. */
export const ANSWER_BYTES_MAX = 16 << 20

const CONTAINER_ID = /^[0-9a-f]{64}$/

/** Containers with other names are none that a control group could tell. */
export function isContainerId(text: string): boolean {
  return CONTAINER_ID.test(text)
}
