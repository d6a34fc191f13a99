import { createDecipheriv } from 'node:crypto'
import koffi from 'koffi'
import type { AeadName } from './suites.ts'

/** Header, and the most a protected record may hold (RFC 5246 §6.2.3; TLS 1.3 allows less). */
export const RECORD_HEADER_BYTES = 5
export const RECORD_PAYLOAD_BYTES_MAX = 16_384 + 2_048
export const TAG_BYTES = 16
/** Content type of application data, and in TLS 1.3 the outer type of every sealed record (RFC 8446 §5.1). */
export const APPLICATION_DATA = 23

/**
 * Opens sealed records. The caller writes nonce and additional data into the scratch areas given here, and
 * reads the plain text out of `plain`, which the next `open` of any cipher overwrites.
 */
export interface Aead {
  readonly kind: 'openssl' | 'node'
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** Room for the 13 bytes of additional data of TLS 1.2; TLS 1.3 uses 5. */
  readonly additional: Uint8Array
  readonly plain: Uint8Array
  cipher(name: AeadName, key: Uint8Array): AeadCipher
}

/** One key. It must be closed, which also overwrites the key. */
export interface AeadCipher {
  /**
   * Opens `length` bytes at `at`: ciphertext, then tag. Gives the number of bytes now in `plain`, or -1 when
   * the tag does not verify; what `plain` then holds must not be used.
   */
  open(sealed: Uint8Array, at: number, length: number, additionalBytes: number): number
  /**
   * The last byte of the plain text that `open` would give, for a small part of the cost, and not proven by
   * the tag. -1 where this cannot be told.
   */
  lastByte(sealed: Uint8Array, at: number, length: number): number
  close(): void
}

/** Node's own OpenSSL, called directly, or `node:crypto` where its functions are not exported. */
export function chooseAead(): Aead {
  try {
    return opensslAead()
  } catch {
    return nodeAead()
  }
}

// Offsets in the scratch area that OpenSSL is given addresses of.
const NONCE_AT = 0
const ADDITIONAL_AT = 16
const WRITTEN_AT = 40
const BLOCK_AT = 64
const TEXT_AT = 128
const SCRATCH_BYTES = TEXT_AT + RECORD_PAYLOAD_BYTES_MAX + 64

// From openssl/evp.h.
const EVP_CTRL_AEAD_SET_TAG = 0x11

/**
 * Everything OpenSSL touches lies in one buffer of ours and is named by number, because a number is the
 * cheapest argument a foreign call can have. The buffer's memory never moves and lives as long as this
 * object.
 * Throws where this Node does not export its OpenSSL.
 */
export function opensslAead(): Aead {
  const evp = evpFunctions()
  const addressOf = rememberAddresses()
  const scratch = new Uint8Array(new ArrayBuffer(SCRATCH_BYTES))
  const base = Number(koffi.address(scratch))
  const text = base + TEXT_AT
  const written = base + WRITTEN_AT
  const additional = base + ADDITIONAL_AT
  return {
    kind: 'openssl',
    nonce: scratch.subarray(NONCE_AT, NONCE_AT + 12),
    additional: scratch.subarray(ADDITIONAL_AT, ADDITIONAL_AT + 16),
    plain: scratch.subarray(TEXT_AT),
    cipher,
  }

  function cipher(name: AeadName, key: Uint8Array): AeadCipher {
    const context = contextOf(evp.ciphers[name], evp.init, key)
    const ownKey = Uint8Array.from(key)
    let keystream: ReturnType<typeof openKeystream> | undefined
    let open = true
    return { open: openRecord, lastByte, close }

    function openRecord(sealed: Uint8Array, at: number, length: number, additionalBytes: number): number {
      const plainBytes = length - TAG_BYTES
      if (!open || plainBytes < 0 || length > RECORD_PAYLOAD_BYTES_MAX) return -1
      const steady = addressOf(sealed.buffer)
      if (steady === 0) scratch.set(sealed.subarray(at, at + length), TEXT_AT)
      const from = steady === 0 ? text : steady + sealed.byteOffset + at
      if (evp.init(context, 0, 0, 0, base) !== 1) return -1
      if (evp.update(context, 0, written, additional, additionalBytes) !== 1) return -1
      if (evp.update(context, text, written, from, plainBytes) !== 1) return -1
      if (evp.control(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, from + plainBytes) !== 1) return -1
      return evp.final(context, text + plainBytes, written) === 1 ? plainBytes : -1
    }

    function lastByte(sealed: Uint8Array, at: number, length: number): number {
      const last = length - TAG_BYTES - 1
      if (!open || last < 0) return -1
      keystream ??= openKeystream(name, ownKey)
      return (sealed[at + last] ?? 0) ^ keystream.byteAt(last)
    }

    function close(): void {
      if (open) evp.freeContext(context)
      keystream?.close()
      keystream = undefined
      ownKey.fill(0)
      open = false
    }
  }

  function contextOf(type: () => number, init: typeof evp.init, key: Uint8Array): number {
    const context: number = evp.newContext()
    scratch.set(key, TEXT_AT)
    const ready = init(context, type(), 0, text, 0)
    scratch.fill(0, TEXT_AT, TEXT_AT + key.length)
    if (ready === 1) return context
    evp.freeContext(context)
    throw new Error('bug: OpenSSL refused a key of the right length')
  }

  /**
   * What the plain text of the record with the scratch area's nonce is combined with. AES-GCM counts blocks
   * of 16 bytes from 2 on, big endian behind the nonce (NIST SP 800-38D §7.1); ChaCha20-Poly1305 blocks of
   * 64 from 1 on, little endian before it (RFC 8439 §2.8).
   */
  function openKeystream(name: AeadName, key: Uint8Array) {
    const isChaCha = name === 'chacha20-poly1305'
    const context = contextOf(evp.keystreams[name], evp.encryptInit, key)
    if (!isChaCha) evp.setPadding(context, 0)
    return { byteAt: isChaCha ? chaChaByteAt : aesByteAt, close: () => evp.freeContext(context) }

    function aesByteAt(position: number): number {
      scratch.copyWithin(BLOCK_AT, NONCE_AT, NONCE_AT + 12)
      const count = (position >>> 4) + 2
      for (let index = 0; index < 4; index += 1) scratch[BLOCK_AT + 12 + index] = count >>> (24 - 8 * index)
      evp.encrypt(context, text, written, base + BLOCK_AT, 16)
      return scratch[TEXT_AT + (position & 15)] ?? 0
    }

    function chaChaByteAt(position: number): number {
      const count = (position >>> 6) + 1
      for (let index = 0; index < 4; index += 1) scratch[BLOCK_AT + index] = count >>> (8 * index)
      scratch.copyWithin(BLOCK_AT + 4, NONCE_AT, NONCE_AT + 12)
      evp.encryptInit(context, 0, 0, 0, base + BLOCK_AT)
      scratch.fill(0, BLOCK_AT, TEXT_AT)
      evp.encrypt(context, text, written, base + BLOCK_AT, 64)
      return scratch[TEXT_AT + (position & 63)] ?? 0
    }
  }
}

/** Records of a replay come in buffers of their own, up to this large; only what lives on is worth a name. */
const PASSING_BYTES_MAX = 33 << 10

/**
 * Gives where a large buffer's memory lies (it never moves while the buffer lives), so that a record is
 * opened where it is; 0 for a small one, which is cheaper to copy than to remember.
 */
function rememberAddresses(): (buffer: ArrayBufferLike) => number {
  const known = new WeakMap<ArrayBufferLike, number>()
  let last: ArrayBufferLike | undefined
  let lastAddress = 0
  return (buffer) => {
    if (buffer === last) return lastAddress
    if (buffer.byteLength <= PASSING_BYTES_MAX) return 0
    let address = known.get(buffer)
    if (address === undefined) {
      address = Number(koffi.address(new Uint8Array(buffer)))
      known.set(buffer, address)
    }
    last = buffer
    lastAddress = address
    return address
  }
}

function evpFunctions() {
  const node = koffi.load(null)
  const address = 'uintptr_t'
  return {
    newContext: node.func('EVP_CIPHER_CTX_new', address, []),
    freeContext: node.func('EVP_CIPHER_CTX_free', 'void', [address]),
    init: node.func('EVP_DecryptInit_ex', 'int', [address, address, address, address, address]),
    update: node.func('EVP_DecryptUpdate', 'int', [address, address, address, address, 'int']),
    control: node.func('EVP_CIPHER_CTX_ctrl', 'int', [address, 'int', 'int', address]),
    final: node.func('EVP_DecryptFinal_ex', 'int', [address, address, address]),
    encryptInit: node.func('EVP_EncryptInit_ex', 'int', [address, address, address, address, address]),
    encrypt: node.func('EVP_EncryptUpdate', 'int', [address, address, address, address, 'int']),
    setPadding: node.func('EVP_CIPHER_CTX_set_padding', 'int', [address, 'int']),
    ciphers: {
      'aes-128-gcm': node.func('EVP_aes_128_gcm', address, []),
      'aes-256-gcm': node.func('EVP_aes_256_gcm', address, []),
      'chacha20-poly1305': node.func('EVP_chacha20_poly1305', address, []),
    },
    keystreams: {
      'aes-128-gcm': node.func('EVP_aes_128_ecb', address, []),
      'aes-256-gcm': node.func('EVP_aes_256_ecb', address, []),
      'chacha20-poly1305': node.func('EVP_chacha20', address, []),
    },
  }
}

/** The same by `node:crypto`, at several times the cost. */
export function nodeAead(): Aead {
  const nonce = new Uint8Array(12)
  const additional = new Uint8Array(16)
  const plain = new Uint8Array(RECORD_PAYLOAD_BYTES_MAX)
  return { kind: 'node', nonce, additional, plain, cipher }

  function cipher(name: AeadName, key: Uint8Array): AeadCipher {
    const ownKey = Uint8Array.from(key)
    return { open, lastByte: () => -1, close: () => ownKey.fill(0) }

    function open(sealed: Uint8Array, at: number, length: number, additionalBytes: number): number {
      const plainBytes = length - TAG_BYTES
      if (plainBytes < 0 || length > RECORD_PAYLOAD_BYTES_MAX) return -1
      const decipher = decipherOf(name, ownKey, nonce)
      decipher.setAAD(additional.subarray(0, additionalBytes), { plaintextLength: plainBytes })
      decipher.setAuthTag(sealed.subarray(at + plainBytes, at + length))
      plain.set(decipher.update(sealed.subarray(at, at + plainBytes)))
      try {
        decipher.final()
        return plainBytes
      } catch {
        return -1
      }
    }
  }
}

function decipherOf(name: AeadName, key: Uint8Array, nonce: Uint8Array) {
  if (name === 'chacha20-poly1305') return createDecipheriv(name, key, nonce, { authTagLength: TAG_BYTES })
  return createDecipheriv(name, key, nonce, { authTagLength: TAG_BYTES })
}
