/** AEADs that records are sealed with here, in the names OpenSSL and `node:crypto` share. */
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'

export const TLS_1_2 = 0x0303
export const TLS_1_3 = 0x0304

/** A cipher suite as far as opening its records needs it. */
export interface Suite {
  readonly version: typeof TLS_1_2 | typeof TLS_1_3
  readonly aead: AeadName
  readonly keyBytes: number
  readonly hash: 'sha256' | 'sha384'
  readonly hashBytes: 32 | 48
  /** `explicit`: the record carries 8 bytes of its nonce (RFC 5288 §3); `derived`: IV xor sequence number. */
  readonly nonce: 'explicit' | 'derived'
}

const AES_128_GCM = { aead: 'aes-128-gcm', keyBytes: 16, hash: 'sha256', hashBytes: 32 } as const
const AES_256_GCM = { aead: 'aes-256-gcm', keyBytes: 32, hash: 'sha384', hashBytes: 48 } as const
const CHACHA20 = { aead: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256', hashBytes: 32 } as const

// RFC 8446 §B.4; RFC 5288 §3, RFC 5289 §3.2, RFC 5487 §2, RFC 8442 §4; RFC 7905 §2.
const TLS_1_3_AES_128 = [0x1301]
const TLS_1_3_AES_256 = [0x1302]
const TLS_1_3_CHACHA20 = [0x1303]
const TLS_1_2_AES_128 = [
  0x009c, 0x009e, 0x00a0, 0x00a2, 0x00a4, 0x00a6, 0x00a8, 0x00aa, 0x00ac, 0xc02b, 0xc02d, 0xc02f, 0xc031,
  0xd001,
]
const TLS_1_2_AES_256 = [
  0x009d, 0x009f, 0x00a1, 0x00a3, 0x00a5, 0x00a7, 0x00a9, 0x00ab, 0x00ad, 0xc02c, 0xc02e, 0xc030, 0xc032,
  0xd002,
]
const TLS_1_2_CHACHA20 = [0xcca8, 0xcca9, 0xccaa, 0xccab, 0xccac, 0xccad, 0xccae]

const SUITES: ReadonlyMap<number, Suite> = new Map([
  ...rows(TLS_1_3_AES_128, { ...AES_128_GCM, version: TLS_1_3, nonce: 'derived' }),
  ...rows(TLS_1_3_AES_256, { ...AES_256_GCM, version: TLS_1_3, nonce: 'derived' }),
  ...rows(TLS_1_3_CHACHA20, { ...CHACHA20, version: TLS_1_3, nonce: 'derived' }),
  ...rows(TLS_1_2_AES_128, { ...AES_128_GCM, version: TLS_1_2, nonce: 'explicit' }),
  ...rows(TLS_1_2_AES_256, { ...AES_256_GCM, version: TLS_1_2, nonce: 'explicit' }),
  ...rows(TLS_1_2_CHACHA20, { ...CHACHA20, version: TLS_1_2, nonce: 'derived' }),
])

/** The suite with this IANA number, or undefined when its records cannot be opened in this version. */
export function suiteOf(version: number, number: number): Suite | undefined {
  const suite = SUITES.get(number)
  return suite?.version === version ? suite : undefined
}

function rows(numbers: readonly number[], suite: Suite): [number, Suite][] {
  return numbers.map((number) => [number, suite])
}
