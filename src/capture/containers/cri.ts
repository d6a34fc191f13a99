import type { Clock } from '../../base/index.ts'
import type { ContainerFacts, Pod } from '../events.ts'
import {
  factsOfContainer,
  factsOfSandbox,
  type ListedContainer,
  podOf,
  readContainerEvent,
  readListedContainer,
} from './cri-answers.ts'
import { isDigest } from './facts.ts'
import { openGrpc } from './grpc.ts'
import { type Fields, message, messageField, textField } from './protobuf.ts'
import { type Connect, isContainerId, type Session } from './session.ts'

const SERVICE = '/runtime.v1.RuntimeService'
const STATUSES_AT_ONCE = 8
const STATE_READY = 0

/** Kubernetes' runtime service (CRI), version 1. */
export function connectCri(clock: Clock): Connect {
  return async (path, hearing): Promise<Session> => {
    const { counter } = hearing
    const channel = await openGrpc(path, clock)
    const version = await channel.call(`${SERVICE}/Version`, message()).catch((error: unknown) => {
      channel.close()
      throw error
    })
    // containerd 1.7 gives each event to one listener only, and the kubelet needs it; its own events will do.
    const hasEventsForAll = version?.text(2) !== 'containerd'
    const events = hasEventsForAll
      ? channel.follow(`${SERVICE}/GetContainerEvents`, message(), hear)
      : undefined
    return {
      list,
      ask,
      over: channel.over,
      close: () => {
        events?.cancel()
        channel.close()
      },
    }

    function hear(event: Fields): void {
      const { fullId, isDeleted } = readContainerEvent(event)
      if (!isContainerId(fullId)) return
      if (isDeleted) hearing.ended(fullId)
      else hearing.changed(fullId, '')
    }

    async function list(): Promise<ReadonlyMap<string, ContainerFacts>> {
      const [sandboxes, containers] = await Promise.all([
        channel.call(`${SERVICE}/ListPodSandbox`, message()),
        channel.call(`${SERVICE}/ListContainers`, message()),
      ])
      const pods = new Map<string, Pod>()
      const listed = new Map<string, ContainerFacts>()
      for (const sandbox of sandboxes?.messages(1) ?? []) {
        const pod = podOf(sandbox, { metadata: 2, labels: 5, annotations: 6 }, counter)
        const fullId = sandbox.text(1)
        pods.set(fullId, pod)
        if (sandbox.number(3) === STATE_READY && isContainerId(fullId))
          listed.set(fullId, factsOfSandbox(pod))
      }
      const running = (containers?.messages(1) ?? []).map(readListedContainer).filter((one) => !one.hasExited)
      let canTellImages = true
      for (let at = 0; at < running.length; at += STATUSES_AT_ONCE) {
        const some = running.slice(at, at + STATUSES_AT_ONCE)
        const images: readonly (string | undefined)[] = canTellImages
          ? await Promise.all(some.map(imageOf))
          : []
        canTellImages &&= !images.includes(undefined)
        some.forEach((one, index) => {
          const facts = factsOfContainer(one, images[index] ?? one.image, pods.get(one.sandboxId), counter)
          if (isContainerId(one.fullId)) listed.set(one.fullId, facts)
        })
      }
      return listed
    }

    async function ask(fullId: string): Promise<ContainerFacts | undefined> {
      const filter = messageField(1, textField(1, fullId))
      const answer = await channel.call(`${SERVICE}/ListContainers`, filter)
      const found = answer?.messages(1).map(readListedContainer)[0]
      if (found?.fullId !== fullId) {
        const pod = await podOfSandbox(fullId)
        return pod && factsOfSandbox(pod)
      }
      const [image, pod] = await Promise.all([imageOf(found), podOfSandbox(found.sandboxId)])
      return factsOfContainer(found, image ?? found.image, pod, counter)
    }

    async function podOfSandbox(sandboxId: string): Promise<Pod | undefined> {
      const answer = await channel.call(`${SERVICE}/PodSandboxStatus`, message(textField(1, sandboxId)))
      if (answer === undefined) return undefined
      return podOf(answer.message(1), { metadata: 2, labels: 7, annotations: 8 }, counter)
    }

    /**
     * A list has the image as the kubelet asked for it, often by number; the status has its name. Undefined
     * when the status cannot be asked for.
     */
    async function imageOf({ fullId, image }: ListedContainer): Promise<string | undefined> {
      if (!isDigest(image)) return image
      const asked = channel.call(`${SERVICE}/ContainerStatus`, message(textField(1, fullId)))
      return asked.then(
        (answer) => answer?.message(1).message(8).text(1) || image,
        () => undefined,
      )
    }
  }
}
