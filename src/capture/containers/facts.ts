import type { ContainerFacts, Pod } from '../events.ts'

const NAME_CHARS_MAX = 256
const IMAGE_CHARS_MAX = 1_024
const LABELS_MAX = 256
const LABEL_CHARS_MAX = 1_024
const LABELS_CHARS_MAX = 16_384

/** The labels by which Kubernetes tells a runtime what a container is for. */
const POD_NAME = 'io.kubernetes.pod.name'
const POD_NAMESPACE = 'io.kubernetes.pod.namespace'
const POD_UID = 'io.kubernetes.pod.uid'
export const KUBERNETES_CONTAINER_NAME = 'io.kubernetes.container.name'

export type Runtime = ContainerFacts['runtime']

/** What one runtime said, by runtime. */
export type Sayings = Partial<Record<Runtime, ContainerFacts>>

type Labels = Readonly<Record<string, string>>
type Pairs = Iterable<readonly [key: string, value: string]>

/** Counts what was not kept of what runtimes said. */
export interface LabelsCounter {
  containerLabelsLeftOut: number
}

/**
 * Labels or annotations, at most 256 and 16,384 characters of them; one of more than 1,024 characters is
 * left out rather than cut, because a part of a value would be a wrong value.
 */
export function keepLabels(pairs: Pairs, counter: LabelsCounter): Labels {
  const kept: [string, string][] = []
  let room = LABELS_CHARS_MAX
  for (const [key, value] of pairs) {
    const chars = key.length + value.length
    if (chars > LABEL_CHARS_MAX || chars > room || kept.length >= LABELS_MAX)
      counter.containerLabelsLeftOut += 1
    else {
      room -= chars
      kept.push([key, value])
    }
  }
  return Object.fromEntries(kept)
}

/** Facts in which everything is of a bounded size. */
export function keepFacts(facts: ContainerFacts): ContainerFacts {
  const pod = facts.pod && {
    ...facts.pod,
    name: cut(facts.pod.name, NAME_CHARS_MAX),
    namespace: cut(facts.pod.namespace, NAME_CHARS_MAX),
    uid: cut(facts.pod.uid, NAME_CHARS_MAX),
  }
  return { ...facts, name: cut(facts.name, NAME_CHARS_MAX), image: cut(facts.image, IMAGE_CHARS_MAX), pod }
}

/** The pod as a container's own labels name it, without the labels of the pod. */
export function podFromLabels(labels: Labels): Pod | undefined {
  const name = labels[POD_NAME]
  const namespace = labels[POD_NAMESPACE]
  if (!name || !namespace) return undefined
  return { name, namespace, uid: labels[POD_UID] ?? '', labels: {}, annotations: {} }
}

/** A pod's labels without the three that only repeat its name. */
export function withoutPodNames(pairs: Pairs): Pairs {
  return [...pairs].filter(([key]) => key !== POD_NAME && key !== POD_NAMESPACE && key !== POD_UID)
}

/**
 * One account of a container that several runtimes know: Kubernetes' own runtime service knows best; Docker
 * knows names that containerd does not; containerd knows the pod by its labels.
 */
export function mergeSayings({ docker, containerd, cri }: Sayings): ContainerFacts | undefined {
  const leading = cri ?? docker ?? containerd
  if (!leading) return undefined
  const pod = cri?.pod ?? containerd?.pod ?? docker?.pod
  const images = [cri?.image, docker?.image, containerd?.image].filter((image) => image)
  return {
    runtime: leading.runtime,
    name: cri?.name || docker?.name || containerd?.name || '',
    image: images.find((image) => !isDigest(image)) ?? images[0] ?? '',
    labels: leading.labels,
    pod: pod?.uid === '' ? { ...pod, uid: docker?.pod?.uid || containerd?.pod?.uid || '' } : pod,
  }
}

/** An image by its number only, which tells nobody what it is. */
export function isDigest(image: string | undefined): boolean {
  return image === undefined || /^(?:sha256:)?[0-9a-f]{64}$/.test(image)
}

function cut(text: string, charsMax: number): string {
  return text.length > charsMax ? text.slice(0, charsMax) : text
}
