import type { ContainerFacts } from '../events.ts'
import { keepFacts, keepLabels, type LabelsCounter, podFromLabels } from './facts.ts'
import { isContainerId, NotOffered } from './session.ts'

/** The oldest version of the API that is understood, and the one that is spoken where it may be. */
const VERSION = 41

/** Attributes that Docker puts among the labels of a container in its events. */
const NO_LABELS = new Set(['execDuration', 'execID', 'exitCode', 'image', 'name', 'oldName', 'signal'])

export interface DockerEvent {
  readonly fullId: string
  /** Undefined: it ended. */
  readonly facts: ContainerFacts | undefined
}

/** The version to speak. Throws `NotOffered` where none is understood by both. */
export function readVersion(answer: unknown): string {
  const newest = minorOf(fieldOf(answer, 'ApiVersion'))
  const oldest = minorOf(fieldOf(answer, 'MinAPIVersion'))
  if (newest === undefined || newest < VERSION) throw new NotOffered('its API is older than 1.41')
  return `1.${Math.max(oldest ?? VERSION, VERSION)}`
}

/** An event's own words are enough to name a container: it may be gone before anybody could ask. */
export function readEvent(line: string, counter: LabelsCounter): DockerEvent | undefined {
  const event = parse(line)
  const actor = fieldOf(event, 'Actor')
  const fullId = textOf(fieldOf(actor, 'ID'))
  if (!isContainerId(fullId)) return undefined
  const action = fieldOf(event, 'Action')
  if (action === 'die' || action === 'destroy') return { fullId, facts: undefined }
  if (action !== 'create' && action !== 'start' && action !== 'rename') return undefined
  const attributes = fieldOf(actor, 'Attributes')
  const labels = pairsOf(attributes).filter(([key]) => !NO_LABELS.has(key))
  const name = textOf(fieldOf(attributes, 'name'))
  return { fullId, facts: factsOf(name, textOf(fieldOf(attributes, 'image')), labels, counter) }
}

/** Answer to `/containers/json`. */
export function readListed(answer: unknown, counter: LabelsCounter): ReadonlyMap<string, ContainerFacts> {
  const listed = new Map<string, ContainerFacts>()
  if (!Array.isArray(answer)) throw new Error('its list is none')
  for (const container of answer) {
    const fullId = textOf(fieldOf(container, 'Id'))
    if (!isContainerId(fullId)) continue
    const names = fieldOf(container, 'Names')
    // Names by which other containers link to it have a second slash.
    const own = Array.isArray(names) ? names.map(textOf).find((name) => name.lastIndexOf('/') <= 0) : ''
    const image = textOf(fieldOf(container, 'Image'))
    listed.set(fullId, factsOf(own ?? '', image, pairsOf(fieldOf(container, 'Labels')), counter))
  }
  return listed
}

/** Answer to `/containers/ID/json`. */
export function readInspected(answer: unknown, counter: LabelsCounter): ContainerFacts | undefined {
  const config = fieldOf(answer, 'Config')
  const name = textOf(fieldOf(answer, 'Name'))
  const image = textOf(fieldOf(config, 'Image'))
  if (name === '' && image === '') return undefined
  return factsOf(name, image, pairsOf(fieldOf(config, 'Labels')), counter)
}

/** Answer of an API that knows the question, and not what was asked for. */
export function isMissing(answer: unknown): boolean {
  return typeof fieldOf(answer, 'message') === 'string' && fieldOf(answer, 'Id') === undefined
}

function factsOf(name: string, image: string, pairs: Pairs, counter: LabelsCounter): ContainerFacts {
  const labels = keepLabels(pairs, counter)
  const bare = name.startsWith('/') ? name.slice(1) : name
  return keepFacts({ runtime: 'docker', name: bare, image, labels, pod: podFromLabels(labels) })
}

type Pairs = readonly (readonly [key: string, value: string])[]

function pairsOf(value: unknown): Pairs {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : []))
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function minorOf(version: unknown): number | undefined {
  const found = /^1\.(\d{1,4})$/.exec(textOf(version))
  return found ? Number(found[1]) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
