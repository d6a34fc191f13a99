import type { ContainerFacts, Pod } from '../events.ts'
import {
  KUBERNETES_CONTAINER_NAME,
  keepFacts,
  keepLabels,
  type LabelsCounter,
  podFromLabels,
  withoutPodNames,
} from './facts.ts'
import type { Fields } from './protobuf.ts'

const STATE_EXITED = 2
const EVENT_DELETED = 3

/** `runtime.v1.Container`, as far as it is of use. */
export interface ListedContainer {
  readonly fullId: string
  readonly sandboxId: string
  readonly name: string
  readonly image: string
  readonly hasExited: boolean
  readonly labels: readonly (readonly [key: string, value: string])[]
}

export function readListedContainer(container: Fields): ListedContainer {
  const image = container.message(4)
  return {
    fullId: container.text(1),
    sandboxId: container.text(2),
    name: container.message(3).text(1),
    // What the pod's author wrote, where the kubelet passes it on.
    image: image.text(18) || image.text(1),
    hasExited: container.number(6) === STATE_EXITED,
    labels: container.pairs(8),
  }
}

/** A pod from its sandbox; the sandbox and its status have the same fields by different numbers. */
export function podOf(
  sandbox: Fields,
  numbers: { readonly metadata: number; readonly labels: number; readonly annotations: number },
  counter: LabelsCounter,
): Pod {
  const metadata = sandbox.message(numbers.metadata)
  return {
    name: metadata.text(1),
    namespace: metadata.text(3),
    uid: metadata.text(2),
    labels: keepLabels(withoutPodNames(sandbox.pairs(numbers.labels)), counter),
    annotations: keepLabels(withoutPodNames(sandbox.pairs(numbers.annotations)), counter),
  }
}

export function factsOfContainer(
  listed: ListedContainer,
  image: string,
  pod: Pod | undefined,
  counter: LabelsCounter,
): ContainerFacts {
  const labels = keepLabels(listed.labels, counter)
  const name = labels[KUBERNETES_CONTAINER_NAME] || listed.name
  return keepFacts({ runtime: 'cri', name, image, labels, pod: pod ?? podFromLabels(labels) })
}

/** The container that only keeps a pod's namespaces open has neither name nor image in Kubernetes. */
export function factsOfSandbox(pod: Pod): ContainerFacts {
  return keepFacts({ runtime: 'cri', name: '', image: '', labels: pod.labels, pod })
}

/** `runtime.v1.ContainerEventResponse`. */
export function readContainerEvent(event: Fields): { readonly fullId: string; readonly isDeleted: boolean } {
  return { fullId: event.text(1), isDeleted: event.number(2) === EVENT_DELETED }
}
