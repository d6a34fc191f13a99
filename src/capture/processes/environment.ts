/** Variables by which a program speaks to this agent. */
const OWN_PREFIX = 'QPOINT_'
/** Those that are read whatever the configuration says. */
export const OWN_VARIABLES = ['QPOINT_STRATEGY', 'QPOINT_TAGS'] as const
const PREFIX_BYTES = 8
const PREFIXES_MAX = 8

/** Which variables of a program's environment are wanted. */
export interface WantedEnvironment {
  readonly names: ReadonlySet<string>
  /** What the kernel compares beginnings with: 8 bytes at most. */
  readonly prefixes: readonly Uint8Array[]
  /** Names for which there was no prefix left: they have to be read elsewhere. */
  readonly beyond: boolean
}

/** The product's own variables and those that the configuration asks for. */
export function wantedEnvironment(names: readonly string[]): WantedEnvironment {
  const asked = names.filter((name) => name !== '' && !/[=\0]/.test(name))
  const prefixes = new Map([[OWN_PREFIX, Buffer.from(OWN_PREFIX)]])
  let beyond = false
  for (const name of asked) {
    if (name.startsWith(OWN_PREFIX)) continue
    const prefix = Buffer.from(`${name}=`).subarray(0, PREFIX_BYTES)
    const key = prefix.toString('latin1')
    if (prefixes.size < PREFIXES_MAX) prefixes.set(key, prefix)
    else beyond ||= !prefixes.has(key)
  }
  return { names: new Set([...OWN_VARIABLES, ...asked]), prefixes: [...prefixes.values()], beyond }
}

/** The wanted ones of `name=value` strings, each ended by a NUL; of two with one name the first. */
export function pickEnvironment(bytes: Uint8Array, names: ReadonlySet<string>): Record<string, string> {
  const found = new Map<string, string>()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  for (const variable of text.split('\0')) {
    const at = variable.indexOf('=')
    const name = variable.slice(0, Math.max(0, at))
    if (names.has(name) && !found.has(name)) found.set(name, variable.slice(at + 1))
  }
  return Object.fromEntries(found)
}
