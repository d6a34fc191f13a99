import { createHash } from 'node:crypto'
import type { CapturedBytes } from '../../base/index.ts'
import type { SecretLabel, TlsSecret } from '../../capture/index.ts'
import type { Side } from '../connection.ts'
import { type TrafficKeys, trafficKeys, wipeKeys } from './key-schedule.ts'
import { type Suite, TLS_1_3 } from './suites.ts'

export type Epoch = 'handshake' | 'application'

// RFC 5246 §8.1.
const MASTER_SECRET_BYTES = 48

/** The label of one side's TLS 1.3 traffic secret. */
export const TRAFFIC_LABELS = {
  handshake: { client: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET', server: 'SERVER_HANDSHAKE_TRAFFIC_SECRET' },
  application: { client: 'CLIENT_TRAFFIC_SECRET_0', server: 'SERVER_TRAFFIC_SECRET_0' },
} as const satisfies Record<Epoch, Record<Side, SecretLabel>>

/** The secrets of one handshake. They are overwritten when no connection can need them any more. */
export interface SecretSet {
  readonly pid: number
  readonly session: number
  readonly thread: number
  /** In hex: said by the library, or proven by a tag. */
  clientRandom: string | undefined
  /**
   * All sets of this handshake, this one included: what each of its ends on this host said. One end may say a
   * secret long before the other, so a secret that is missing here is taken from there.
   */
  family: ReadonlySet<SecretSet>
  readonly count: number
  /** False when the secret cannot belong to this handshake: the session object serves another one by now. */
  accepts(event: TlsSecret): boolean
  /** Takes the secret over; a copy of one that is held already is overwritten. */
  add(event: TlsSecret): void
  /** A TLS 1.3 traffic secret that fits the suite; borrowed. */
  traffic(suite: Suite, epoch: Epoch, side: Side): Uint8Array | undefined
  /** The same, out of this set alone. */
  ownTraffic(suite: Suite, epoch: Epoch, side: Side): Uint8Array | undefined
  /** Equal for the two ends of a TLS 1.3 handshake, and for nothing else; undefined until it can be told. */
  fingerprint(): string | undefined
  /** Key and IV of a traffic secret, derived once; borrowed. */
  keys(suite: Suite, epoch: Epoch, side: Side): TrafficKeys | undefined
  /** The master secret of TLS 1.2; borrowed. */
  master(): Uint8Array | undefined
  wipe(): void
}

export function createSecretSet(first: TlsSecret): SecretSet {
  const secrets = new Map<SecretLabel, CapturedBytes>()
  const derived = new Map<string, TrafficKeys>()
  const set: SecretSet = {
    pid: first.process.pid,
    session: first.session,
    thread: first.thread,
    clientRandom: first.clientRandom && Buffer.from(first.clientRandom).toString('hex'),
    family: new Set(),
    get count() {
      return secrets.size
    },
    accepts,
    add,
    traffic,
    ownTraffic,
    fingerprint,
    keys,
    master,
    wipe,
  }
  set.family = new Set([set])
  return set

  function accepts(event: TlsSecret): boolean {
    const held = secrets.get(event.label)
    if (held) return sameBytes(held.revealTo('tls'), event.secret.revealTo('tls'))
    if ((event.label === 'CLIENT_RANDOM') !== secrets.has('CLIENT_RANDOM') && secrets.size > 0) return false
    return !isComplete()
  }

  function isComplete(): boolean {
    const { client, server } = TRAFFIC_LABELS.application
    return secrets.has('CLIENT_RANDOM') || (secrets.has(client) && secrets.has(server) && secrets.size === 4)
  }

  function add(event: TlsSecret): void {
    if (secrets.has(event.label)) event.secret.wipe()
    else secrets.set(event.label, event.secret)
  }

  function traffic(suite: Suite, epoch: Epoch, side: Side): Uint8Array | undefined {
    const own = ownTraffic(suite, epoch, side)
    if (own) return own
    for (const other of set.family) {
      const theirs = other.ownTraffic(suite, epoch, side)
      if (theirs) return theirs
    }
    return undefined
  }

  function fingerprint(): string | undefined {
    const secret = secrets.get(TRAFFIC_LABELS.handshake.client)?.revealTo('tls')
    return secret && createHash('sha256').update(secret).digest('hex')
  }

  function ownTraffic(suite: Suite, epoch: Epoch, side: Side): Uint8Array | undefined {
    const secret = secrets.get(TRAFFIC_LABELS[epoch][side])?.revealTo('tls')
    return suite.version === TLS_1_3 && secret?.length === suite.hashBytes ? secret : undefined
  }

  function keys(suite: Suite, epoch: Epoch, side: Side): TrafficKeys | undefined {
    const secret = traffic(suite, epoch, side)
    if (!secret) return undefined
    const name = `${suite.aead} ${epoch} ${side}`
    const known = derived.get(name) ?? trafficKeys(suite, secret)
    derived.set(name, known)
    return known
  }

  function master(): Uint8Array | undefined {
    const secret = secrets.get('CLIENT_RANDOM')?.revealTo('tls')
    return secret?.length === MASTER_SECRET_BYTES ? secret : undefined
  }

  function wipe(): void {
    for (const secret of secrets.values()) secret.wipe()
    for (const held of derived.values()) wipeKeys(held)
    secrets.clear()
    derived.clear()
  }
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.from(one.buffer, one.byteOffset, one.length).equals(other)
}
