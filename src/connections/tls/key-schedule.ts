import { hash as digest } from 'node:crypto'
import { invariant } from '../../base/index.ts'
import type { Suite } from './suites.ts'

/** What seals one direction's records. `iv` is 12 bytes, or the 4 bytes of salt of an explicit nonce. */
export interface TrafficKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

/**
 * HKDF-Expand-Label (RFC 8446 §7.1) with an empty context, for outputs of at most one hash length:
 * all that record protection asks for.
 */
export function expandLabel(
  suite: Suite,
  secret: Uint8Array,
  label: string,
  outputBytes: number,
): Uint8Array {
  invariant(outputBytes <= suite.hashBytes, 'one block of HKDF-Expand is enough for record keys')
  const text = Buffer.from(`tls13 ${label}`, 'latin1')
  const info = Buffer.alloc(2 + 1 + text.length + 1 + 1)
  info.writeUInt16BE(outputBytes, 0)
  info[2] = text.length
  text.copy(info, 3)
  info[info.length - 1] = 1
  const block = hmac(suite.hash, secret, info)
  const output = Uint8Array.from(block.subarray(0, outputBytes))
  block.fill(0)
  return output
}

/** Key and IV of a TLS 1.3 traffic secret (RFC 8446 §7.3). */
export function trafficKeys(suite: Suite, secret: Uint8Array): TrafficKeys {
  return { key: expandLabel(suite, secret, 'key', suite.keyBytes), iv: expandLabel(suite, secret, 'iv', 12) }
}

/** The traffic secret that follows a KeyUpdate (RFC 8446 §7.2). */
export function nextTrafficSecret(suite: Suite, secret: Uint8Array): Uint8Array {
  return expandLabel(suite, secret, 'traffic upd', suite.hashBytes)
}

/** The pseudorandom function of TLS 1.2 (RFC 5246 §5). */
export function prf(
  hash: Suite['hash'],
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  outputBytes: number,
): Uint8Array {
  const output = new Uint8Array(outputBytes)
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed])
  let link: Uint8Array = labelled
  for (let at = 0; at < outputBytes; ) {
    link = hmac(hash, secret, link)
    const block = hmac(hash, secret, Buffer.concat([link, labelled]))
    output.set(block.subarray(0, outputBytes - at), at)
    at += block.length
  }
  return output
}

/** Both directions' keys of a TLS 1.2 session from its master secret (RFC 5246 §6.3). */
export function masterKeys(
  suite: Suite,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly client: TrafficKeys; readonly server: TrafficKeys } {
  const ivBytes = suite.nonce === 'explicit' ? 4 : 12
  const seed = Buffer.concat([serverRandom, clientRandom])
  const block = prf(suite.hash, master, 'key expansion', seed, 2 * (suite.keyBytes + ivBytes))
  const ivAt = 2 * suite.keyBytes
  return {
    client: { key: block.subarray(0, suite.keyBytes), iv: block.subarray(ivAt, ivAt + ivBytes) },
    server: { key: block.subarray(suite.keyBytes, ivAt), iv: block.subarray(ivAt + ivBytes) },
  }
}

const BLOCK_BYTES = { sha256: 64, sha384: 128 } as const

/**
 * HMAC (RFC 2104) by two one-shot hashes: a handshake needs ten, and an `Hmac` object costs five times as
 * much.
 */
function hmac(hash: Suite['hash'], key: Uint8Array, message: Uint8Array): Buffer {
  const blockBytes = BLOCK_BYTES[hash]
  invariant(key.length <= blockBytes, 'TLS secrets are shorter than a block of their hash')
  const inner = Buffer.alloc(blockBytes + message.length, 0x36)
  inner.set(message, blockBytes)
  const hashBytes = hash === 'sha256' ? 32 : 48
  const outer = Buffer.alloc(blockBytes + hashBytes, 0x5c)
  for (let index = 0; index < key.length; index += 1) {
    const byte = key[index] ?? 0
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  }
  outer.set(digest(hash, inner, 'buffer'), blockBytes)
  const code = digest(hash, outer, 'buffer')
  inner.fill(0)
  outer.fill(0)
  return code
}

/** Overwrites a key and its IV. */
export function wipeKeys(keys: TrafficKeys): void {
  keys.key.fill(0)
  keys.iv.fill(0)
}
