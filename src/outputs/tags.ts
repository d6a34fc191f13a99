import type { Process } from '../capture/index.ts'
import type { Connection } from '../connections/index.ts'
import { protocolWord } from './protocol-word.ts'

/** A tag whose value is found at the process, its container or its pod. */
export interface TagRule {
  readonly key: string
  readonly source: 'env' | 'k8s.label' | 'k8s.annotation' | 'container.label'
  /** Name of the variable, label or annotation. */
  readonly location: string
}

/** Where tags come from besides the connection itself. */
export interface TagRules {
  /** Of every connection, `key:value`. */
  readonly deployment: readonly string[]
  readonly rules: readonly TagRule[]
}

export const NO_TAG_RULES: TagRules = { deployment: [], rules: [] }

/** A tag as it is reported: normalised, neither part empty. */
export interface Tag {
  readonly key: string
  readonly value: string
}

export type TagMap = Readonly<Record<string, readonly string[]>>

/** A longer value is content rather than a tag: it is left out, as an empty one is. */
const TAG_CHARACTERS_MAX = 1024
/** Further tags of `QPOINT_TAGS` are left out: a program may write there what it likes. */
const PROCESS_TAGS_MAX = 64

/** Tags of a connection as it is now, `key:value` each, normalised. */
export function tagsOf(connection: Connection, rules: TagRules): readonly string[] {
  return tagSetOf(connection, rules).list
}

/** The same tags, values by key. */
export function tagMapOf(connection: Connection, rules: TagRules): TagMap {
  const set = tagSetOf(connection, rules)
  set.map ??= mapOf(set.tags)
  return set.map
}

/** Reads `key:value`, normalised; undefined for a text without a colon, or when a part comes out empty. */
export function readTag(text: string): Tag | undefined {
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : tag(text.slice(0, colon), text.slice(colon + 1))
}

function tag(key: string, value: string): Tag | undefined {
  if (key.length > TAG_CHARACTERS_MAX || value.length > TAG_CHARACTERS_MAX) return undefined
  const normalised = { key: normalise(key), value: normalise(value) }
  return normalised.key === '' || normalised.value === '' ? undefined : normalised
}

/** Lower case, from the first to the last letter or digit of ASCII, with hyphens for spaces. */
function normalise(text: string): string {
  const lower = text.toLowerCase()
  let begin = 0
  let end = lower.length
  while (begin < end && !isLetterOrDigit(lower.charCodeAt(begin))) begin += 1
  while (end > begin && !isLetterOrDigit(lower.charCodeAt(end - 1))) end -= 1
  return lower.slice(begin, end).replaceAll(' ', '-')
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
}

/** Tags of all connections of one process that begin at one address and speak one protocol. */
interface TagSet {
  readonly ip: string
  readonly protocol: string | undefined
  readonly tags: readonly Tag[]
  readonly list: readonly string[]
  map: TagMap | undefined
}

/** What was made for one process, and what of it may change. */
interface ProcessTags {
  readonly rules: TagRules
  readonly facts: unknown
  readonly beforeProtocol: readonly Tag[]
  readonly afterProtocol: readonly Tag[]
  readonly sets: TagSet[]
}

/** A process has few addresses and protocols; with more, the oldest set is made anew. */
const SETS_MAX = 8
const NO_PROCESS = {}
/** What is made once for a process lives as long as it does. */
const made = new WeakMap<object, ProcessTags>()

function tagSetOf(connection: Connection, rules: TagRules): TagSet {
  const { process, local } = connection
  const owner = process ?? NO_PROCESS
  const facts = process?.container?.facts
  let processTags = made.get(owner)
  if (processTags === undefined || processTags.rules !== rules || processTags.facts !== facts) {
    processTags = {
      rules,
      facts,
      beforeProtocol: process === undefined ? [] : automaticTags(process),
      afterProtocol: [
        ...rules.deployment.map(readTag),
        ...(process === undefined ? [] : wishedTags(process)),
        ...(process === undefined ? [] : rules.rules.map((rule) => ruledTag(process, rule))),
      ].filter((one) => one !== undefined),
      sets: [],
    }
    made.set(owner, processTags)
  }
  const protocol = protocolWord(connection)
  const { sets } = processTags
  for (const set of sets) if (set.protocol === protocol && set.ip === local.ip) return set
  const set = makeSet(processTags, local.ip, protocol)
  if (sets.length === SETS_MAX) sets.shift()
  sets.push(set)
  return set
}

function makeSet(processTags: ProcessTags, ip: string, protocol: string | undefined): TagSet {
  // Not normalised: an address is in lower case, and `::1` would become the address `1`.
  const tags: Tag[] = [{ key: 'ip', value: ip }, ...processTags.beforeProtocol]
  if (protocol !== undefined) tags.push({ key: 'protocol', value: protocol })
  tags.push(...processTags.afterProtocol)
  return { ip, protocol, tags, list: tags.map(({ key, value }) => `${key}:${value}`), map: undefined }
}

function automaticTags({ binary, strategy, hostname, podUid }: Process): Tag[] {
  const named =
    podUid === ''
      ? [tag('host', hostname)]
      : [tag('pod', hostname), tag('app', hostname.split('-', 1)[0] ?? '')]
  return [tag('bin', binary), tag('strategy', strategy), ...named].filter((one) => one !== undefined)
}

/** What the program says of itself. */
function wishedTags({ environment }: Process): (Tag | undefined)[] {
  const wished = own(environment, 'QPOINT_TAGS')
  return wished === undefined ? [] : wished.split(',', PROCESS_TAGS_MAX).map(readTag)
}

function ruledTag(process: Process, { key, source, location }: TagRule): Tag | undefined {
  const value = own(placeOf(process, source), location)
  return value === undefined ? undefined : tag(key, value)
}

function placeOf(process: Process, source: TagRule['source']): Readonly<Record<string, string>> | undefined {
  const facts = process.container?.facts
  switch (source) {
    case 'env':
      return process.environment
    case 'k8s.label':
      return facts?.pod?.labels
    case 'k8s.annotation':
      return facts?.pod?.annotations
    case 'container.label':
      return facts?.labels
    default:
      return source satisfies never
  }
}

/** Names come from strangers: `constructor` is no label unless somebody set it. */
function own(texts: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return texts !== undefined && Object.hasOwn(texts, name) ? texts[name] : undefined
}

function mapOf(tags: readonly Tag[]): TagMap {
  const map = new Map<string, string[]>()
  for (const { key, value } of tags) {
    const values = map.get(key)
    if (values === undefined) map.set(key, [value])
    else values.push(value)
  }
  // Defines each key by itself, `__proto__` too.
  return Object.fromEntries(map)
}
