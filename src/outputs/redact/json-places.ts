import { Buffer } from 'node:buffer'
import { invariant } from '../../base/index.ts'
import { readJsonPath, type Step } from './json-path.ts'
import type { NameTest } from './names.ts'

/** A step that is waited for in a container. */
interface Awaited {
  readonly deep: boolean
  readonly to: string | number | undefined
  /** Undefined after the last step. */
  readonly next: Awaited | undefined
}

/** The steps that are waited for in one container of a document. */
export type Waiting = readonly Awaited[]

/** The value is to be replaced as a whole. */
export const REPLACED = 'replaced'

const CACHE_PLACES = 1024
const CACHED_BYTES_MAX = 64

interface CachedKey {
  readonly bytes: Uint8Array
  readonly key: Key
}

/** A member's name, decoded, and whether every member of that name is replaced, wherever it stands. */
export interface Key {
  readonly name: string
  readonly replaced: boolean
}

/** Which places of JSON documents are to be replaced: by path, and by the name of the member alone. */
export class JsonPlaces {
  readonly root: Waiting
  readonly #names: ReadonlySet<string>
  readonly #test: NameTest
  /** By the hash of their bytes; traffic repeats its keys, and a later one takes an earlier one's place. */
  readonly #cache: (CachedKey | undefined)[] = Array.from({ length: CACHE_PLACES })

  /** `test` is asked for every member's name. */
  constructor(paths: readonly string[], test: NameTest) {
    const root: Awaited[] = []
    const names = new Set<string>()
    for (const path of paths) {
      const read = readJsonPath(path)
      invariant(read.kind === 'path', 'a JSON path is read before it is used')
      const [only] = read.steps
      if (read.steps.length === 1 && only?.deep === true && typeof only.to === 'string') names.add(only.to)
      else root.push(awaited(read.steps))
    }
    this.root = root
    this.#names = names
    this.#test = test
  }

  /** The key whose bytes stand between two places, quotes left out; `hash` is that of `keyHash`. */
  keyAt(bytes: Uint8Array, from: number, to: number, hash: number): Key {
    const place = hash & (CACHE_PLACES - 1)
    const cached = this.#cache[place]
    if (cached !== undefined && isAt(bytes, from, to, cached.bytes)) return cached.key
    const name = decodedString(bytes, from, to)
    const key = { name, replaced: this.#names.has(name) || this.#test(name) }
    if (to - from <= CACHED_BYTES_MAX)
      this.#cache[place] = { bytes: new Uint8Array(bytes.subarray(from, to)), key }
    return key
  }

  /** What is waited for in the value at one step of a container. */
  into(waiting: Waiting, step: string | number | undefined): Waiting | typeof REPLACED {
    let same = true
    let result: Awaited[] | undefined
    for (const one of waiting) {
      const leads = one.to === undefined || one.to === step
      if (leads && one.next === undefined) return REPLACED
      if (leads && one.next !== undefined) {
        same = false
        result = added(result, one.next)
      }
      if (one.deep) result = added(result, one)
      else same = false
    }
    return same ? waiting : (result ?? NOTHING)
  }
}

const NOTHING: Waiting = []

function added(list: Awaited[] | undefined, one: Awaited): Awaited[] {
  if (list === undefined) return [one]
  if (!list.includes(one)) list.push(one)
  return list
}

function awaited(steps: readonly Step[]): Awaited {
  const built = steps.reduceRight<Awaited | undefined>(
    (next, { deep, to }) => ({ deep, to, next }),
    undefined,
  )
  invariant(built !== undefined, 'a JSON path has a step')
  return built
}

/** The next state of a hash that begins with 0. */
export function keyHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0
}

function isAt(bytes: Uint8Array, from: number, to: number, key: Uint8Array): boolean {
  if (key.length !== to - from) return false
  for (let at = 0; at < key.length; at += 1) if (key[at] !== bytes[from + at]) return false
  return true
}

/** What stands between the quotes of a JSON string; an escape that is none stands for itself. */
export function decodedString(bytes: Uint8Array, from: number, to: number): string {
  return decodedText(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8'))
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** What such a text stands for. */
export function decodedText(text: string): string {
  return text.includes('\\') ? unescaped(text) : text
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, one: string) =>
    hex === undefined ? (ESCAPES[one] ?? one) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
