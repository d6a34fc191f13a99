import {
  plainConnections,
  type RecordedConnection,
  traceNames,
  wireConnections,
} from '../support/recorded-streams.ts'
import { bounded, type Input } from './input.ts'

/** Many connections of one trace are alike. */
const CONNECTIONS_EACH = 6

/** The plain streams of the recorded traces. `variant` 1: joined late. */
export function plainSeeds(): readonly Input[] {
  return traceNames().flatMap((name) => inputsOf(plainConnections(name)))
}

/** The bytes of the recorded traces as they passed. */
export function wireSeeds(): readonly Input[] {
  return traceNames().flatMap((name) => inputsOf(wireConnections(name)))
}

function inputsOf(found: readonly RecordedConnection[]): readonly Input[] {
  return found
    .filter(({ parts }) => parts.length > 0)
    .slice(0, CONNECTIONS_EACH)
    .map(({ joinedLate, parts }) => bounded({ variant: joinedLate ? 1 : 0, actions: parts }))
}
