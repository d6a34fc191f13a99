/**
 * Writes `src/capture/generated/wire.ts` from the type information of the compiled BPF object: every offset,
 * size and number that TypeScript shares with C. With `--check` it only compares, and exits with 1 when they
 * differ.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const OBJECT = new URL('../build/qtap.bpf.o', import.meta.url).pathname
const TARGET = new URL('../src/capture/generated/wire.ts', import.meta.url).pathname

interface BtfMember {
  readonly name: string
  readonly type_id: number
  readonly bits_offset: number
}

interface BtfType {
  readonly id: number
  readonly kind: string
  readonly name: string
  readonly size?: number
  readonly members?: readonly BtfMember[]
  readonly values?: readonly { readonly name: string; readonly val: number }[]
}

/** The text of the generated file, from the types that `bpftool -j btf dump` prints. */
export function wireSource(types: readonly BtfType[]): string {
  const byId = new Map(types.map((type) => [type.id, type]))
  const named = types.filter((type) => type.name.startsWith('wire_') && type.name !== 'wire_types')
  const enums = named.filter((type) => type.kind === 'ENUM')
  const structs = named.filter((type) => type.kind === 'STRUCT')
  return [
    '// Generated from bpf/wire.h by scripts/generate-wire.ts. Do not edit.',
    ...enums.map((type) => constant(type.name, enumEntries(type))),
    ...structs.map((type) =>
      constant(type.name, [['byteLength', type.size ?? 0], ...structEntries(type, byId, 0)]),
    ),
    '',
  ].join('\n')
}

function enumEntries(type: BtfType): [string, number][] {
  return (type.values ?? []).map((value) => [
    camel(value.name.replace(/^WIRE_/, '').toLowerCase()),
    value.val,
  ])
}

/**
 * Offsets in bytes; a nested struct's members stand beside the others, arrays of structs by their beginning
 * alone.
 */
function structEntries(type: BtfType, byId: ReadonlyMap<number, BtfType>, base: number): [string, number][] {
  return (type.members ?? []).flatMap((member): [string, number][] => {
    const offset = base + member.bits_offset / 8
    const inner = byId.get(member.type_id)
    if (inner?.kind === 'STRUCT') return structEntries(inner, byId, offset)
    return [[camel(member.name), offset]]
  })
}

function constant(name: string, entries: readonly [string, number][]): string {
  const lines = entries.map(([key, value]) => `  ${key}: ${value},`)
  return `\nexport const ${camel(name)} = {\n${lines.join('\n')}\n} as const`
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function main(): void {
  const dump = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', OBJECT], { maxBuffer: 1 << 26 })
  const { types }: { types: BtfType[] } = JSON.parse(dump.toString())
  const text = wireSource(types)
  if (!process.argv.includes('--check')) {
    writeFileSync(TARGET, text)
    return
  }
  if (readFileSync(TARGET, 'utf8') === text) return
  process.stderr.write('src/capture/generated/wire.ts is not what bpf/wire.h says: run `npm run generate`\n')
  process.exitCode = 1
}

if (import.meta.main) main()
