import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Side } from '../../src/connections/index.ts'
import { openTlsSessions } from '../../src/connections/index.ts'
import { someConnection } from '../support/some-connection.ts'
import {
  type Chunk,
  keepPlain,
  processOf,
  type Recording,
  recordSession,
  secretEvent,
  selfSigned,
} from '../tls-recording.ts'

const run = promisify(execFile)
const BODY = randomBytes(30_000)
const TURNS = [
  [
    Buffer.from('GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
  ],
  [
    Buffer.from('POST /second HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi'),
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`), BODY]),
  ],
] as const
const FROM = { pid: 7, session: 1 }
const PORTS = { client: 40_000, server: 443 } as const

let folder: string
let identity: ReturnType<typeof selfSigned>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qtap-oracle-'))
  identity = selfSigned()
})
afterAll(() => rm(folder, { recursive: true }))

test.each([
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
  ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
  ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLSv1.2', 'ECDHE-RSA-CHACHA20-POLY1305'],
] as const)('%s %s: Wireshark reads the same plain text out of the same bytes', async (version, ciphers) => {
  const versions = { minVersion: version, maxVersion: version }
  const recording = await recordSession({
    server: { ...identity, ...versions, ciphers },
    client: {},
    turns: TURNS,
  })
  const { kept, facts } = open(recording)
  const capture = join(folder, `${ciphers}.pcap`)
  const keyLog = join(folder, `${ciphers}.keys`)
  await Promise.all([writeFile(capture, pcapOf(recording.chunks)), writeFile(keyLog, recording.keyLogText)])

  const followed = await tshark(capture, keyLog, ['-q', '-z', 'follow,tls,raw,0'])
  const theirs = followedBytes(followed)
  for (const side of ['client', 'server'] as const) {
    expect(theirs[side].length).toBe(recording.plain[side].length)
    expect(kept.all(side).equals(theirs[side])).toBe(true)
  }

  const fields = ['http.request.uri', 'http.response.code']
  const http = await tshark(capture, keyLog, [
    '-Y',
    'http',
    '-T',
    'fields',
    ...fields.flatMap((name) => ['-e', name]),
  ])
  const words = http.split(/\s+/).filter((word) => word !== '')
  expect(words).toEqual(['/first', '404', '/second', '200'])
  for (const [request] of TURNS) expect(kept.all('client').includes(request)).toBe(true)

  const hello = await tshark(capture, keyLog, [
    '-Y',
    'tls.handshake.type == 2',
    '-T',
    'fields',
    '-e',
    'tls.handshake.ciphersuite',
  ])
  expect(facts?.suite).toBe(Number(hello.trim()))
})

async function tshark(capture: string, keyLog: string, args: readonly string[]): Promise<string> {
  const options = ['-n', '-r', capture, '-o', `tls.keylog_file:${keyLog}`]
  const { stdout } = await run('tshark', [...options, ...args], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

function open(recording: Recording) {
  const sessions = openTlsSessions()
  const kept = keepPlain()
  const connection = someConnection()
  const stream = sessions.follow(connection, kept)
  for (const line of recording.keyLog) sessions.secret(secretEvent(line, FROM))
  for (const chunk of recording.chunks) stream.bytes(chunk.from, chunk.bytes, processOf(FROM.pid), 1)
  stream.closed()
  sessions.close()
  return { kept, facts: connection.tls }
}

/** `follow,tls,raw` prints a line of hex a record; a tab marks what did not come from its node 0. */
function followedBytes(text: string): Record<Side, Buffer> {
  const isNode0Server = new RegExp(`^Node 0: .*:${PORTS.server}$`, 'm').test(text)
  const found: Record<Side, Buffer[]> = { client: [], server: [] }
  for (const line of text.split('\n')) {
    if (!/^\t?(?:[0-9a-f]{2})+$/.test(line)) continue
    const isServer = line.startsWith('\t') !== isNode0Server
    found[isServer ? 'server' : 'client'].push(Buffer.from(line.trim(), 'hex'))
  }
  return { client: Buffer.concat(found.client), server: Buffer.concat(found.server) }
}

/** A capture file of one TCP connection over Ethernet and IPv4 (draft-ietf-opsawg-pcap). */
function pcapOf(chunks: readonly Chunk[]): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65_535, 16)
  header.writeUInt32LE(1, 20)
  const next = { client: 1, server: 1 }
  const packets = [packet('client', 0, 0, 0x02), packet('server', 0, 1, 0x12), packet('client', 1, 1, 0x10)]
  for (const { from, bytes } of chunks) {
    for (let at = 0; at < bytes.length; at += 1_400) {
      const piece = bytes.subarray(at, at + 1_400)
      const to = from === 'client' ? 'server' : 'client'
      packets.push(packet(from, next[from], next[to], 0x18, piece))
      next[from] += piece.length
    }
  }
  return Buffer.concat([header, ...packets])
}

function packet(
  from: Side,
  sequence: number,
  acknowledged: number,
  flags: number,
  payload: Uint8Array = new Uint8Array(0),
) {
  const to = from === 'client' ? 'server' : 'client'
  const frame = Buffer.alloc(54)
  frame.writeUInt16BE(0x0800, 12)
  frame.writeUInt16BE(0x4500, 14)
  frame.writeUInt16BE(40 + payload.length, 16)
  frame[22] = 64
  frame[23] = 6
  frame.set(from === 'client' ? [192, 0, 2, 1, 192, 0, 2, 2] : [192, 0, 2, 2, 192, 0, 2, 1], 26)
  frame.writeUInt16BE(PORTS[from], 34)
  frame.writeUInt16BE(PORTS[to], 36)
  frame.writeUInt32BE(sequence, 38)
  frame.writeUInt32BE(acknowledged, 42)
  frame[46] = 0x50
  frame[47] = flags
  frame.writeUInt16BE(65_535, 48)
  const record = Buffer.alloc(16)
  record.writeUInt32LE(frame.length + payload.length, 8)
  record.writeUInt32LE(frame.length + payload.length, 12)
  return Buffer.concat([record, frame, payload])
}
