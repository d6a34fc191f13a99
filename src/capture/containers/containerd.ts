import type { Clock } from '../../base/index.ts'
import type { ContainerFacts } from '../events.ts'
import { readContainerd, readEnvelope } from './containerd-answers.ts'
import { openGrpc } from './grpc.ts'
import { message, textField } from './protobuf.ts'
import { type Connect, isContainerId, type Session } from './session.ts'

const NAMESPACES_MAX = 64
const NAMESPACE_HEADER = 'containerd-namespace'
const TOPICS = ['/containers/create', '/containers/update', '/containers/delete', '/tasks/start']

const SUBSCRIBE = '/containerd.services.events.v1.Events/Subscribe'
const NAMESPACES = '/containerd.services.namespaces.v1.Namespaces/List'
const GET = '/containerd.services.containers.v1.Containers/Get'
/** Unlike `List` it needs no room for all containers with their specifications at once. */
const LIST = '/containerd.services.containers.v1.Containers/ListStream'

/** containerd's own API: the events of all its namespaces from now on, then questions to each. */
export function connectContainerd(clock: Clock): Connect {
  return async (path, hearing): Promise<Session> => {
    const channel = await openGrpc(path, clock)
    const namespaces = new Set<string>()
    const topics = TOPICS.map((topic) => textField(1, `topic=="${topic}"`))
    try {
      await findNamespaces()
    } catch (error) {
      channel.close()
      throw error
    }
    const events = channel.follow(SUBSCRIBE, message(...topics), (envelope) => {
      const { fullId, namespace, isDeleted } = readEnvelope(envelope)
      if (!isContainerId(fullId)) return
      addNamespace(namespace)
      if (isDeleted) hearing.ended(fullId)
      else hearing.changed(fullId, namespace)
    })
    return {
      list,
      ask,
      over: Promise.race([events.over, channel.over]),
      close: () => {
        events.cancel()
        channel.close()
      },
    }

    async function findNamespaces(): Promise<void> {
      const answer = await channel.call(NAMESPACES, message())
      if (!answer) throw new Error('it has no namespaces')
      for (const namespace of answer.messages(1)) addNamespace(namespace.text(1))
    }

    /** A name that cannot stand in a header is none of containerd's. */
    function addNamespace(name: string): void {
      if (/^[A-Za-z0-9_.-]{1,76}$/.test(name) && namespaces.size < NAMESPACES_MAX) namespaces.add(name)
    }

    async function list(): Promise<ReadonlyMap<string, ContainerFacts>> {
      const listed = new Map<string, ContainerFacts>()
      await findNamespaces()
      for (const namespace of namespaces) {
        await channel.collect(LIST, message(), { [NAMESPACE_HEADER]: namespace }, (answer) => {
          const { fullId, facts } = readContainerd(answer.message(1), hearing.counter)
          if (isContainerId(fullId) && facts) listed.set(fullId, facts)
        })
      }
      return listed
    }

    async function ask(fullId: string, hint: string): Promise<ContainerFacts | undefined> {
      for (const namespace of namespaces.has(hint) ? [hint] : namespaces) {
        const headers = { [NAMESPACE_HEADER]: namespace }
        const answer = await channel.call(GET, message(textField(1, fullId)), headers)
        const { facts } = readContainerd(answer?.message(1), hearing.counter)
        if (facts) return facts
      }
      return undefined
    }
  }
}
