import type { Exchange } from '../../src/exchanges/index.ts'
import {
  createArtifact,
  createCanonicalNames,
  describeConversation,
  NO_TAG_RULES,
  summarise,
} from '../../src/outputs/index.ts'
import { consoleBox } from '../../src/plugins/access-logs/console-box.ts'
import { consoleLine } from '../../src/plugins/access-logs/console-line.ts'
import { createJsonLines } from '../../src/plugins/access-logs/json.ts'

/** So many characters of a secret in a row are a leak. */
const LEAK_CHARACTERS = 6
const TERMINAL = { colour: false, columns: 100 }
const AT_MS = 1_700_000_000_000

/** Everything that any plugin makes of an exchange, as bytes. */
export function outputsOf(exchange: Exchange): readonly Uint8Array[] {
  const canonicalName = createCanonicalNames()
  const lines = createJsonLines({ bootEpochMs: 0 })
  const artifacts = (['json', 'text'] as const).flatMap((format) =>
    (['summary', 'headers', 'full'] as const).map((level) =>
      createArtifact(
        exchange,
        { level, format, objectStore: undefined, tags: NO_TAG_RULES },
        AT_MS,
        canonicalName,
      ),
    ),
  )
  const texts = [
    JSON.stringify(artifacts.map(({ summary, endpointId }) => [summary, endpointId])),
    JSON.stringify([summarise(exchange), describeConversation(exchange, true, AT_MS)]),
    lines.summary(exchange),
    lines.details(exchange, true),
    consoleLine(exchange, false),
    consoleBox(exchange, TERMINAL, true),
  ]
  return [...artifacts.map(({ data }) => data), ...texts.map((text) => Buffer.from(text))]
}

/** Where a part of a secret stands in what an output says, in any writing; undefined when nowhere. */
export function leakIn(exchange: Exchange, secrets: readonly string[]): string | undefined {
  for (const output of outputsOf(exchange)) {
    for (const text of readingsOf(output)) {
      for (const secret of secrets) {
        for (let at = 0; at + LEAK_CHARACTERS <= secret.length; at += 1) {
          const found = text.indexOf(secret.slice(at, at + LEAK_CHARACTERS))
          if (found !== -1) return text.slice(Math.max(0, found - 200), found + 100)
        }
      }
    }
  }
  return undefined
}

/** As bytes, without escapes, percent-decoded, bodies in base64 decoded, UTF-16 without its zeros. */
function readingsOf(output: Uint8Array): readonly string[] {
  const text = Buffer.from(output).toString('latin1')
  const coded = [...text.matchAll(/"body":\s*"([A-Za-z0-9+/]{8,}={0,2})"/g)].map(([, base64 = '']) =>
    Buffer.from(base64, 'base64').toString('latin1'),
  )
  const plain = [text, ...coded]
  return plain.flatMap((one) => {
    const unescaped = decoded(decoded(one))
    return [one, unescaped, unescaped.replaceAll('\0', '')]
  })
}

function decoded(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\', '')
}
