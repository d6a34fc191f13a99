/** Hellos of TLS as libraries write them (RFC 8446 §4.1), and the records they come in. */

export type Extension = readonly [type: number, content: Uint8Array]

export const EXTENSION = {
  serverName: 0,
  alpn: 16,
  supportedVersions: 43,
  keyShare: 51,
} as const

const RETRY_RANDOM = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')
const RANDOM = new Uint8Array(32).fill(7)

export function clientHello(extensions: readonly Extension[], legacyVersion = 0x0303): Uint8Array {
  const suites = [0x1301, 0xc02f].flatMap(two)
  const front = [...two(legacyVersion), ...RANDOM, 0, ...two(suites.length), ...suites, 1, 0]
  return message(1, [...front, ...written(extensions)])
}

export function serverHello(extensions: readonly Extension[], suite: number, isRetry = false): Uint8Array {
  const random = isRetry ? RETRY_RANDOM : RANDOM
  return message(2, [...two(0x0303), ...random, 0, ...two(suite), 0, ...written(extensions)])
}

export function serverName(name: string): Extension {
  const text = Buffer.from(name, 'latin1')
  return [EXTENSION.serverName, Uint8Array.from([...two(text.length + 3), 0, ...two(text.length), ...text])]
}

export function alpn(names: readonly string[]): Extension {
  const list = names.flatMap((name) => [name.length, ...Buffer.from(name, 'latin1')])
  return [EXTENSION.alpn, Uint8Array.from([...two(list.length), ...list])]
}

export function offeredVersions(versions: readonly number[]): Extension {
  return [EXTENSION.supportedVersions, Uint8Array.from([versions.length * 2, ...versions.flatMap(two)])]
}

export function chosenVersion(version: number): Extension {
  return [EXTENSION.supportedVersions, Uint8Array.from(two(version))]
}

/** The handshake messages in records of these lengths, taken in turn. */
export function handshakeRecords(messages: Uint8Array, lengths: readonly number[]): Uint8Array {
  const records: Uint8Array[] = []
  for (let at = 0, turn = 0; at < messages.length; turn += 1) {
    const part = messages.subarray(at, at + (lengths[turn % lengths.length] ?? 16_384))
    records.push(Uint8Array.of(22, 3, 1, ...two(part.length)), part)
    at += part.length
  }
  return Buffer.concat(records)
}

function message(type: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([type, body.length >> 16, ...two(body.length & 0xffff), ...body])
}

function written(extensions: readonly Extension[]): readonly number[] {
  const all = extensions.flatMap(([type, content]) => [...two(type), ...two(content.length), ...content])
  return [...two(all.length), ...all]
}

function two(value: number): readonly number[] {
  return [value >> 8, value & 255]
}
