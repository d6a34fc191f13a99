import { readDnsMessage } from '../../../src/connections/dns/message.ts'
import { NameTable, noNameStats } from '../../../src/connections/dns/names.ts'
import { DnsOverTcp, noDnsHeld } from '../../../src/connections/dns/tcp.ts'
import { type DnsChanges, dnsResponse, framedDns } from '../../support/dns-messages.ts'
import { processOf } from '../../tls-recording.ts'
import { Finding } from '../finding.ts'
import { DNS_FRAMES } from '../frames.ts'
import { type Action, allBytes, bytesFrom, concat, hashOf, type Input, oneChunk } from '../input.ts'
import { seededRandom } from '../random.ts'
import type { Target } from '../target.ts'
import { cutAnew } from './cut.ts'
import { expectSame } from './message-log.ts'

const ADDRESSES_MAX = 128
const NAMES_MAX = 4
const PROCESS = processOf(1)

/** Variant 0: one message, as a datagram holds it; 1: what a server sends over TCP, with holes. */
export const dns: Target = {
  covers: /^src\/connections\/dns\/(message|names|tcp)\.ts$/,
  variants: 2,
  frames: DNS_FRAMES,
  tokens: [
    Uint8Array.of(0xc0, 12),
    Uint8Array.of(0xc0, 0),
    Uint8Array.of(3, 119, 119, 119),
    Uint8Array.of(0, 0, 1, 0, 1),
    Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1),
    Uint8Array.of(0, 28, 0, 1, 0, 0, 0, 60, 0, 16),
    Uint8Array.of(0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12),
    // The pseudo-record of EDNS (RFC 6891 §6.1.2).
    Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0),
  ],
  seeds: async () => {
    const messages = seedMessages()
    const stream = concat(messages.map(framedDns))
    const holed: Action[] = [
      bytesFrom('server', stream.subarray(0, 100)),
      { kind: 'gap', from: 'server', missingBytes: 20 },
      bytesFrom('server', stream.subarray(120)),
    ]
    return [
      ...messages.map((message) => oneChunk(message)),
      { variant: 1, actions: [bytesFrom('server', stream)] },
      { variant: 1, actions: holed },
    ]
  },
  feed: (input) => void (input.variant === 0 ? learn(allBytes(input)) : observe(input.actions)),
  check,
}

function seedMessages(): readonly Uint8Array[] {
  const ips = ['192.0.2.1', '2001:db8::1', '::ffff:c000:202']
  const aliases = ['a.example.net', 'b.a.example.net', 'c.example.org']
  const changes: readonly DnsChanges[] = [
    {},
    { isResponse: false },
    { code: 3 },
    { aliases },
    { aliases, compressed: false },
  ]
  return changes.map((change) => dnsResponse('www.example.com', ips, change))
}

function check(input: Input, traits: Set<string>): void {
  if (input.variant === 0) checkMessage(allBytes(input), hashOf(input), traits)
  else checkStream(input, traits)
}

/** What the beginning of a message says, the whole of it says too. */
function checkMessage(bytes: Uint8Array, chance: number, traits: Set<string>): void {
  const read = readDnsMessage(bytes)
  const addresses = read?.addresses ?? []
  if (addresses.length > ADDRESSES_MAX) throw new Finding('too many addresses', String(addresses.length))
  if (read?.question !== undefined && !/^[a-z0-9\-_.\\]{0,1100}$/.test(read.question))
    throw new Finding('no name', JSON.stringify(read.question))
  const part = readDnsMessage(bytes.subarray(0, chance % (bytes.length + 1)))
  const strange = part?.addresses.find((address) => !addresses.includes(address))
  if (strange !== undefined) throw new Finding('only the beginning says', strange)
  const { stats, name } = learn(bytes)
  if (stats.dnsNames > NAMES_MAX) throw new Finding('past the limit', `${stats.dnsNames} names`)
  if (name !== undefined && (name.length > 253 || !/^[a-z0-9.-]+$/.test(name)))
    throw new Finding('no name of a host', JSON.stringify(name))
  traits.add(`${read?.isResponse} ${addresses.length > 1} ${stats.dnsNames} ${stats.dnsNamesEvicted > 0}`)
}

function learn(bytes: Uint8Array) {
  const stats = noNameStats()
  const names = new NameTable(stats, NAMES_MAX)
  names.learn(PROCESS, 0, bytes)
  const [first = ''] = readDnsMessage(bytes)?.addresses.slice(-1) ?? []
  return { stats, name: names.find(PROCESS, first, 0) }
}

function checkStream(input: Input, traits: Set<string>): void {
  const log = observe(input.actions)
  for (const line of log) traits.add(line.split(' ')[0] ?? '')
  traits.add(`${Math.min(8, log.length)} messages`)
  // After a hole it is said of where a chunk begins whether a message does.
  if (input.actions.some(({ kind }) => kind === 'gap')) return
  expectSame('split', log, observe(cutAnew(input, seededRandom(hashOf(input)))))
}

/** Both sides are one, in the order they come. */
function observe(actions: readonly Action[]): readonly string[] {
  const log: string[] = []
  const held = noDnsHeld()
  const reader = new DnsOverTcp(held, (message) => {
    const read = readDnsMessage(message)
    log.push(`${read === undefined ? 'nothing' : 'message'} ${message.length} ${JSON.stringify(read)}`)
  })
  for (const action of actions) {
    if (action.kind === 'bytes') reader.bytes(action.bytes)
    else reader.gap(action.missingBytes ?? 1)
  }
  reader.close()
  if (held.dnsHeldBytes !== 0) throw new Finding('held after the end', `${held.dnsHeldBytes} bytes`)
  return log
}
