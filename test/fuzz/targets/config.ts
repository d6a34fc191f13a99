import { readdirSync, readFileSync } from 'node:fs'
import { readYaml } from '../../../src/base/index.ts'
import { DEFAULT_CONFIG, loadConfig, validateConfig } from '../../../src/config.ts'
import { Finding } from '../finding.ts'
import { allBytes, type Input, oneChunk } from '../input.ts'
import type { Target } from '../target.ts'

const FIXTURES = new URL('../../fixtures/', import.meta.url)

/** A configuration file, UTF-8 or not. */
export const config: Target = {
  covers: /^src\/(config\.ts$|base\/|.*\/options\.ts$)/,
  variants: 1,
  plain: true,
  tokens: [
    'stacks:\n  a:\n    plugins:\n      - type: access_logs\n',
    'services:\n  event_stores:\n    - type: stdout\n',
    '  object_stores:\n    - type: s3\n      bucket: {type: env, value: A}\n',
    'tap:\n  http: {stack: a}\n',
    'tap: { direction: ingress, filters: { custom: [{exe: /a, strategy: exact}] } }\n',
    '&a ',
    '*a',
    '<<: *a\n',
    '<<: [*a, *a]\n',
    '---\n',
    '...\n',
    '!!str ',
    '!!binary ',
    '? [a]\n: b\n',
    '{a: b, ',
    '[[[[',
    '|\n  text\n',
    '>-\n  text\n',
    '"\\u0000"',
    "'",
    '# comment\n',
    '\t',
    '__proto__: {a: 1}\n',
    'constructor: 1\n',
    '0x10',
    '.inf',
    '~',
    '\xef\xbb\xbf',
    '%YAML 1.2\n',
  ],
  seeds: async () => {
    const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.yaml'),
    )
    return [DEFAULT_CONFIG, ...files.map((name) => readFileSync(new URL(name, FIXTURES), 'latin1'))].map(
      (text) => oneChunk(text),
    )
  },
  feed: (input) => void loadConfig(textOf(input), 'fuzz', {}),
  check,
}

function textOf(input: Input): string {
  return Buffer.from(allBytes(input)).toString('utf8')
}

/** Every mistake has a place in the file. */
function check(input: Input, traits: Set<string>): void {
  const text = textOf(input)
  const loaded = loadConfig(text, 'fuzz', {})
  const findings = [...loaded.warnings, ...(loaded.kind === 'refused' ? loaded.errors : [])]
  const lines = text.split(/\r?\n|\r/).length
  for (const { kind, line, column, path, message } of findings) {
    if (!(line >= 1 && line <= lines + 1 && column >= 1))
      throw new Finding('a mistake without a place', `${line}:${column} of ${lines} lines: ${message}`)
    traits.add(`${kind} ${path.replaceAll(/\d+/g, '')}`)
  }
  if (loaded.kind === 'refused' && loaded.errors.length === 0) throw new Finding('refused for no reason', '')
  const { valid } = validateConfig(text, 'fuzz', {})
  if (valid && loaded.kind === 'refused') throw new Finding('valid and refused', '')
  const file = readYaml(text, 'fuzz')
  file.valueAt(['tap', 'http', 'stack'])
  file.keyAt(['services', 'event_stores', 0, 'type'])
  file.textAt(['stacks'])
}
