import { createTimestamps } from '../../base/index.ts'
import type { Ancestor, Container, Endpoint, Process } from '../../capture/index.ts'
import type { Connection, ConnectionReport } from '../../connections/index.ts'
import { directionOf } from '../direction.ts'
import { endpointOfConnection } from '../endpoint.ts'
import { protocolWord } from '../protocol-word.ts'
import { type TagRules, tagMapOf } from '../tags.ts'
import type { ConnectionDocument, Peer } from './connection.ts'
import { isFromUserShell } from './user-shell.ts'

/** The host that the agent runs on, and the agent. */
export interface System {
  readonly hostname: string
  /** The same in all that this agent sends. */
  readonly agentInstance: string
}

/** What a document about a connection says besides what the connection says. */
export interface ConnectionSurroundings {
  /** Wall-clock time of boot, milliseconds since 1970. */
  readonly bootEpochMs: number
  readonly tags: TagRules
  readonly system: System
}

const USER_SHELL = ['user-shell'] as const

/** A connection as it is now. Fields without a value are undefined, which JSON leaves out. */
export function connectionDocument(
  { connection, part, finalized }: ConnectionReport,
  surroundings: ConnectionSurroundings,
): ConnectionDocument {
  const { tags, system } = surroundings
  const { tls, totals, closedAt, process } = connection
  const timestampOf = createTimestamps(surroundings)
  const createdAt = timestampOf(connection.openedAt)
  const local = localPeer(connection)
  const remote = { address: describeAddress(connection.remote) }
  const isClient = connection.role === 'client'
  return {
    meta: {
      connectionId: connection.id,
      endpointId: endpointOfConnection(connection),
      tlsProbeIntrospected: tls?.opened ? true : undefined,
    },
    tags: tagMapOf(connection, tags),
    labels: process !== undefined && isFromUserShell(process) ? USER_SHELL : undefined,
    finalized: finalized ? true : undefined,
    part: part === 0 ? undefined : part,
    timestamp: createdAt,
    createdAt,
    closedAt: closedAt === undefined ? undefined : timestampOf(closedAt),
    direction: directionOf(connection),
    socketProtocol: connection.socketProtocol,
    l7Protocol: protocolWord(connection) ?? 'other',
    tlsVersion: tls?.version ?? tls?.offeredVersion,
    system: { hostname: system.hostname, agent: 'tap', agentInstance: system.agentInstance },
    source: isClient ? local : remote,
    destination: isClient ? remote : local,
    bytesReceived: totals?.receivedBytes || undefined,
    bytesSent: totals?.sentBytes || undefined,
  }
}

function localPeer({ local, process }: Connection): Peer {
  const address = describeAddress(local)
  return process === undefined ? { address } : { address, ...describeProcess(process) }
}

function describeProcess({
  hostname,
  exe,
  userName,
  userId,
  pid,
  ancestors,
  container,
}: Process): Omit<Peer, 'address'> {
  return {
    hostname: hostname || undefined,
    exe: exe || undefined,
    user: userName || undefined,
    userId: userId < 0 ? undefined : userId,
    pid: pid < 0 ? undefined : pid,
    parents: ancestors.length === 0 ? undefined : ancestors.map(describeParent),
    container: container && describeContainer(container),
  }
}

function describeParent({ pid, exe }: Ancestor): { readonly pid: number; readonly exe: string | undefined } {
  return { pid, exe: exe || undefined }
}

function describeContainer({ id, facts }: Container): Peer['container'] {
  const pod = facts?.pod
  return {
    id,
    name: facts?.name || undefined,
    image: facts?.image || undefined,
    pod: pod && { name: pod.name, namespace: pod.namespace },
  }
}

function describeAddress({ ip, port }: Endpoint): Peer['address'] {
  return { family: ip.includes(':') ? 'ipv6' : 'ipv4', ip, port }
}
