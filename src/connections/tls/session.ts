import type { Side, TlsFacts, TlsUnreadable } from '../connection.ts'
import type { Aead } from './aead.ts'
import { masterKeys, wipeKeys } from './key-schedule.ts'
import { openRecordKeys, type RecordKeys } from './record-keys.ts'
import type { Epoch, SecretSet } from './secret-set.ts'
import { type Suite, TLS_1_3 } from './suites.ts'

/** Receives what the records of one connection hold. Called synchronously. */
export interface TlsSink {
  /** Plain text in order, borrowed until return. */
  plain(from: Side, bytes: Uint8Array): void
  /** How many of this side's next plain bytes nobody wants; 0 when all are wanted. */
  unwantedAhead(from: Side): number
  /** So many of these bytes passed, and were left sealed. */
  passed(from: Side, bytes: number): void
  /** Plain text is missing here; undefined when TLS hides how much. */
  gap(from: Side, missingBytes: number | undefined): void
  /** At most once; nothing follows it. `connection.tls.unreadable` says the same. */
  unreadable(why: TlsUnreadable): void
}

export interface TlsStats {
  /** Secrets that came, of every label. */
  secretsSeen: number
  /** Exporter and early-data secrets: nothing is opened with them. */
  secretsIgnored: number
  /** Dropped without having opened anything. */
  secretsUnused: number
  /** Connections whose secrets were proven by a tag. */
  sessionsBound: number
  /** Records tried with secrets not yet known to be theirs. */
  trials: number
  recordsOpened: number
  /** Records left sealed, because nobody wants what is in them. */
  recordsPassed: number
  recordsFailed: number
  /** Record numbers tried after a gap. */
  resyncTrials: number
  /** Directions left alone after too many failures or a renegotiation. */
  directionsGivenUp: number
  unreadableNoSecret: number
  unreadableJoinedLate: number
  unreadableSuite: number
  unreadableByFilter: number
  heldBytesDropped: number
}

/** What both directions of one connection know together. */
export interface Session {
  readonly facts: TlsFacts
  readonly aead: Aead
  readonly stats: TlsStats
  readonly sink: TlsSink
  suite: Suite | undefined
  clientRandom: Uint8Array | undefined
  serverRandom: Uint8Array | undefined
  offersEarlyData: boolean
  /** Nobody may read it. */
  leftOut: boolean
  /** Bytes were lost before the secrets were proven. */
  hasGap: boolean
  /** Set once a tag proved them. */
  secrets: SecretSet | undefined
}

/**
 * Keys for one side's records out of `secrets`, or undefined when they lack what it takes.
 * TLS 1.2 knows one epoch and takes the same keys for either.
 */
export function keysFor(
  session: Session,
  secrets: SecretSet,
  epoch: Epoch,
  side: Side,
): RecordKeys | undefined {
  const { suite, clientRandom, serverRandom } = session
  if (!suite) return undefined
  if (suite.version === TLS_1_3) {
    const keys = secrets.keys(suite, epoch, side)
    return keys && openRecordKeys(session.aead, suite, keys)
  }
  const master = secrets.master()
  if (!master || !clientRandom || !serverRandom) return undefined
  const both = masterKeys(suite, master, clientRandom, serverRandom)
  const opened = openRecordKeys(session.aead, suite, both[side])
  wipeKeys(both.client)
  wipeKeys(both.server)
  return opened
}
