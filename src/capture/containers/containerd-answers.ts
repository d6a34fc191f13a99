import type { ContainerFacts } from '../events.ts'
import {
  KUBERNETES_CONTAINER_NAME,
  keepFacts,
  keepLabels,
  type LabelsCounter,
  podFromLabels,
} from './facts.ts'
import { type Fields, readFields } from './protobuf.ts'

const NERDCTL_NAME = 'nerdctl/name'

/** `containerd.services.events.v1.Envelope`, of the topics that are about one container. */
export function readEnvelope(envelope: Fields): {
  readonly fullId: string
  readonly namespace: string
  readonly isDeleted: boolean
} {
  // In each of these events, the first field is the container's id.
  const event = readFields(envelope.message(4).bytes(2))
  const isDeleted = envelope.text(3) === '/containers/delete'
  return { fullId: event.text(1), namespace: envelope.text(2), isDeleted }
}

/**
 * `containerd.services.containers.v1.Container`. No facts where containerd only keeps it for somebody else,
 * such as Docker, and knows neither name nor image.
 */
export function readContainerd(
  container: Fields | undefined,
  counter: LabelsCounter,
): { readonly fullId: string; readonly facts: ContainerFacts | undefined } {
  const fullId = container?.text(1) ?? ''
  const labels = keepLabels(container?.pairs(2) ?? [], counter)
  const name = labels[KUBERNETES_CONTAINER_NAME] ?? labels[NERDCTL_NAME] ?? ''
  const image = container?.text(3) ?? ''
  const pod = podFromLabels(labels)
  if (name === '' && image === '' && pod === undefined) return { fullId, facts: undefined }
  return { fullId, facts: keepFacts({ runtime: 'containerd', name, image, labels, pod }) }
}
