import type { Side } from '../connection.ts'
import { APPLICATION_DATA, RECORD_HEADER_BYTES, TAG_BYTES } from './aead.ts'
import { readChosenProtocol } from './hello.ts'
import { nextTrafficSecret, trafficKeys, wipeKeys } from './key-schedule.ts'
import { createMessageReader, ENCRYPTED_EXTENSIONS, FINISHED, KEY_UPDATE } from './messages.ts'
import { openRecordKeys, type RecordKeys } from './record-keys.ts'
import type { Epoch } from './secret-set.ts'
import { keysFor, type Session } from './session.ts'
import { TLS_1_3 } from './suites.ts'

const CHANGE_CIPHER_SPEC = 20
const HANDSHAKE = 22

// The shortest record there is: header, inner type, tag.
const RECORD_BYTES_MIN = 22
// A gap of 1 MiB hides some 64 full records; small records come in smaller gaps.
const LOST_RECORDS_MAX = 1_024
// About 10 ms at the worst, then the direction is left alone.
const RESYNC_TRIALS_MAX = 4 * LOST_RECORDS_MAX
// A shorter record costs little to open, and what is opened is proven.
const PASSED_BYTES_MIN = 128
// The size of a KeyUpdate: all that is believed of a message when its neighbours were lost.
const KEY_UPDATE_BYTES = 5

/** `wait`: a secret or the ServerHello is needed first; the same is to be handed in again then. */
export type Taken = 'taken' | 'wait'

/** Opens the records of one side, in order, and hands their plain text to the session's sink. */
export interface Direction {
  /** The record of `length` bytes at `at`, header included. */
  record(bytes: Uint8Array, at: number, length: number): Taken
  lostRecord(type: number, length: number): Taken
  lostRecords(missingBytes: number): Taken
  /** Takes the bytes if they prove to be a record. */
  prove(bytes: Uint8Array, at: number, length: number): Taken | 'refused'
  /** Whether a record of this type is sealed, as far as this side has come. */
  isSealed(type: number): boolean
  close(): void
}

type Opened = 'opened' | 'wait' | 'passed' | 'failed'

/** `onMessage` gets the handshake messages that stand in clear text. */
export function createDirection(
  session: Session,
  side: Side,
  onMessage: (type: number, body: Uint8Array | undefined) => void,
): Direction {
  const { sink, stats, facts, aead } = session
  const clearMessages = createMessageReader(onMessage)
  const sealedMessages = createMessageReader(onSealedMessage)
  let cipherChanged = false
  let epoch: Epoch = 'handshake'
  let keys: RecordKeys | undefined
  /** The keys that follow, tried while it is unknown whether the record that says so was lost. */
  let ahead: RecordKeys | undefined
  /** Behind `keys`, and behind `ahead`, once there was a KeyUpdate. */
  let trafficSecret: Uint8Array | undefined
  let nextSecret: Uint8Array | undefined
  let sequence = 0
  /** Of the record opened last, which lies in the scratch area. */
  let plainBytes = -1
  let turnsTo: 'application' | 'next keys' | undefined
  let lostRecordsMax = 0
  let gapTold = false
  let messagesBroken = false
  let trialsLeft = RESYNC_TRIALS_MAX
  let givenUp = false
  return { record, lostRecord, lostRecords, prove, isSealed, close }

  function record(bytes: Uint8Array, at: number, length: number): Taken {
    const type = bytes[at] ?? 0
    if (!isSealed(type)) return readClear(type, bytes, at, length)
    if (length >= PASSED_BYTES_MIN && pass(bytes, at, length)) return 'taken'
    const opened = open(bytes, at, length)
    if (opened === 'wait') return 'wait'
    if (opened === 'failed') fail()
    return 'taken'
  }

  /**
   * Leaves a record sealed that holds nothing but what nobody wants. Only behind one that was proven, so that
   * its number is certain; the next one that is opened proves that too.
   */
  function pass(bytes: Uint8Array, at: number, length: number): boolean {
    if (!keys || sequence === 0 || lostRecordsMax > 0 || !isApplicationEpoch()) return false
    const unwanted = sink.unwantedAhead(side)
    if (unwanted === 0) return false
    const dataBytes = keys.dataBytes(bytes, at, length, sequence)
    if (dataBytes <= 0 || dataBytes > unwanted) return false
    sequence += 1
    stats.recordsPassed += 1
    sink.passed(side, dataBytes)
    return true
  }

  function prove(bytes: Uint8Array, at: number, length: number): Taken | 'refused' {
    if (facts.version !== TLS_1_3) cipherChanged = true
    const opened = open(bytes, at, length)
    if (opened === 'wait') return 'wait'
    return opened === 'opened' || givenUp ? 'taken' : 'refused'
  }

  // In TLS 1.3 a sealed record always looks like application data (RFC 8446 §5.2).
  function isSealed(type: number): boolean {
    return type === APPLICATION_DATA || (cipherChanged && facts.version !== TLS_1_3)
  }

  function readClear(type: number, bytes: Uint8Array, at: number, length: number): Taken {
    if (type === HANDSHAKE) clearMessages.bytes(bytes.subarray(at + RECORD_HEADER_BYTES, at + length))
    else if (type === CHANGE_CIPHER_SPEC) cipherChanged = true
    return 'taken'
  }

  function open(bytes: Uint8Array, at: number, length: number): Opened {
    if (givenUp) return 'passed'
    if (!session.suite || !session.secrets) return 'wait'
    keys ??= keysFor(session, session.secrets, epoch, side)
    if (keys) {
      const found = find(keys, sequence, bytes, at, length)
      if (found >= 0) return accept(found, bytes[at] ?? 0)
      if (isApplicationEpoch()) return lostRecordsMax > 0 ? openNext(bytes, at, length) : 'failed'
    } else if (isApplicationEpoch()) return 'wait'
    return openAhead(bytes, at, length)
  }

  /** The handshake's keys are missing or do not fit: application data may have begun, or early data runs. */
  function openAhead(bytes: Uint8Array, at: number, length: number): Opened {
    if (session.secrets) ahead ??= keysFor(session, session.secrets, 'application', side)
    if (ahead) {
      const found = find(ahead, 0, bytes, at, length)
      if (found >= 0) {
        beginApplication()
        return accept(found, bytes[at] ?? 0)
      }
    } else if (!keys || lostRecordsMax > 0) return 'wait'
    if (side === 'client' && session.offersEarlyData && sequence === 0) {
      tellGap(undefined)
      return 'passed'
    }
    return keys ? 'failed' : 'passed'
  }

  /** A KeyUpdate may be among the records that were lost. */
  function openNext(bytes: Uint8Array, at: number, length: number): Opened {
    ahead ??= nextKeys()
    const found = ahead && !givenUp ? find(ahead, 0, bytes, at, length) : -1
    if (found === -1) return 'failed'
    beginNextKeys()
    return accept(found, bytes[at] ?? 0)
  }

  /** The record's number, its plain text being in the scratch area, or -1. */
  function find(by: RecordKeys, from: number, bytes: Uint8Array, at: number, length: number): number {
    plainBytes = by.open(bytes, at, length, from)
    if (plainBytes >= 0) return from
    for (let lost = 1; lost <= lostRecordsMax && trialsLeft > 0; lost += 1) {
      trialsLeft -= 1
      stats.resyncTrials += 1
      plainBytes = by.open(bytes, at, length, from + lost)
      if (plainBytes >= 0) return from + lost
    }
    if (trialsLeft === 0) giveUp()
    return -1
  }

  function accept(found: number, outerType: number): 'opened' {
    stats.recordsOpened += 1
    facts.opened = true
    if (found > sequence && isApplicationEpoch()) tellGap(undefined)
    sequence = found + 1
    lostRecordsMax = 0
    trialsLeft = RESYNC_TRIALS_MAX
    gapTold = false
    const { plain } = aead
    let type = outerType
    let length = plainBytes
    if (session.suite?.version === TLS_1_3) {
      // Zeros are padding; the last byte before them is the type (RFC 8446 §5.4).
      length -= 1
      while (length > 0 && plain[length] === 0) length -= 1
      type = length < 0 ? 0 : (plain[length] ?? 0)
    }
    if (type === APPLICATION_DATA) {
      if (length > 0) sink.plain(side, plain.subarray(0, length))
    } else if (type === HANDSHAKE) readSealed(plain.subarray(0, length))
    else if (type === CHANGE_CIPHER_SPEC) giveUp()
    return 'opened'
  }

  function readSealed(content: Uint8Array): void {
    if (session.suite?.version !== TLS_1_3) return
    if (!messagesBroken) sealedMessages.bytes(content)
    else if (content[0] === KEY_UPDATE && content.length === KEY_UPDATE_BYTES) onSealedMessage(KEY_UPDATE)
    // Keys change only after the record that says so: it must be the record's last message (RFC 8446 §5.1).
    if (turnsTo === 'application') beginApplication()
    else if (turnsTo === 'next keys') beginNextKeys()
    turnsTo = undefined
  }

  function onSealedMessage(type: number, body?: Uint8Array): void {
    if (epoch === 'handshake' && type === ENCRYPTED_EXTENSIONS && body)
      facts.protocol = readChosenProtocol(body)
    if (epoch === 'handshake' && type === FINISHED) turnsTo = 'application'
    if (epoch === 'application' && type === KEY_UPDATE) turnsTo = 'next keys'
  }

  function beginApplication(): void {
    keys?.close()
    keys = ahead
    ahead = undefined
    epoch = 'application'
    sequence = 0
    sealedMessages.reset()
    messagesBroken = false
  }

  // RFC 8446 §4.6.3: each direction goes on by itself.
  function beginNextKeys(): void {
    const next = ahead ?? nextKeys()
    if (!next || !nextSecret) return
    keys?.close()
    keys = next
    ahead = undefined
    trafficSecret?.fill(0)
    trafficSecret = nextSecret
    nextSecret = undefined
    sequence = 0
  }

  // RFC 8446 §7.2.
  function nextKeys(): RecordKeys | undefined {
    const { suite, secrets } = session
    const current = trafficSecret ?? (suite && secrets?.traffic(suite, 'application', side))
    if (!suite || !current) return undefined
    nextSecret = nextTrafficSecret(suite, current)
    const derived = trafficKeys(suite, nextSecret)
    const opened = openRecordKeys(aead, suite, derived)
    wipeKeys(derived)
    return opened
  }

  function isApplicationEpoch(): boolean {
    return epoch === 'application' || session.suite?.version !== TLS_1_3
  }

  function fail(): void {
    stats.recordsFailed += 1
    breakMessages()
    lostRecordsMax = Math.min(LOST_RECORDS_MAX, lostRecordsMax + 1)
    tellGap(undefined)
  }

  function lostRecord(type: number, length: number): Taken {
    breakMessages()
    if (!isSealed(type)) return lostRecords(0)
    if (!session.suite || !session.secrets) return 'wait'
    if (!isApplicationEpoch()) return lostRecords(0)
    sequence += 1
    if (type !== APPLICATION_DATA) return 'taken'
    const { version, nonce } = session.suite
    const overhead = RECORD_HEADER_BYTES + TAG_BYTES + (nonce === 'explicit' ? 8 : 0)
    tellGap(version === TLS_1_3 ? undefined : Math.max(0, length - overhead))
    return 'taken'
  }

  /** In the handshake the gap is told once the next opened record's number shows that data was lost. */
  function lostRecords(missingBytes: number): Taken {
    breakMessages()
    const most = lostRecordsMax + 1 + Math.ceil(missingBytes / RECORD_BYTES_MIN)
    lostRecordsMax = Math.min(LOST_RECORDS_MAX, most)
    trialsLeft = Math.min(RESYNC_TRIALS_MAX, trialsLeft + most)
    if (epoch === 'application' || isSealed(HANDSHAKE)) tellGap(undefined)
    return 'taken'
  }

  function breakMessages(): void {
    clearMessages.reset()
    sealedMessages.reset()
    messagesBroken = true
  }

  function tellGap(missingBytes: number | undefined): void {
    if (!gapTold) sink.gap(side, missingBytes)
    gapTold = missingBytes === undefined
  }

  function giveUp(): void {
    if (givenUp) return
    givenUp = true
    stats.directionsGivenUp += 1
    tellGap(undefined)
  }

  function close(): void {
    keys?.close()
    ahead?.close()
    trafficSecret?.fill(0)
    nextSecret?.fill(0)
    keys = undefined
    ahead = undefined
    givenUp = true
  }
}
