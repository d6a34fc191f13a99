import type { Clock, Log, Stats } from '../../base/index.ts'
import type { Container, ContainerFacts, ContainerLife } from '../events.ts'
import { connectContainerd } from './containerd.ts'
import { connectCri } from './cri.ts'
import { connectDocker } from './docker.ts'
import type { Runtime } from './facts.ts'
import { type Link, type LinkStats, openLink } from './link.ts'
import type { Connect } from './session.ts'
import { containerTable, RUNTIMES, type TableLimits } from './table.ts'

/** UNIX sockets of container runtimes, with or without `unix://`. An empty path: do not ask that one. */
export interface ContainerSockets {
  readonly docker: string
  readonly containerd: string
  /** Undefined: the first of those that Kubernetes documents. */
  readonly cri: string | undefined
}

const CRI_PATHS = [
  '/var/run/dockershim.sock',
  '/var/run/cri-dockerd.sock',
  '/run/crio/crio.sock',
  '/run/containerd/containerd.sock',
]

const PENDING_MS = 2_000
const FORGET_AFTER_MS = 15_000
const LOOK_MS = 3_000

export interface ContainersOptions {
  /** Undefined in a replay: nobody is asked, and a container is pending until `learnt` says more. */
  readonly sockets: ContainerSockets | undefined
  readonly log: Log
  readonly clock: Clock
  /**
   * What is now known of a container in which a process was seen; undefined: nobody knows it. May be called
   * from within `of`.
   */
  readonly onLearnt?: (fullId: string, facts: ContainerFacts | undefined) => void
  /** A container that the runtimes tell of came to be, or is gone. */
  readonly onLife?: (life: ContainerLife) => void
  readonly limits?: Partial<ContainersLimits>
}

export interface ContainersLimits extends TableLimits {
  /** How often a socket that is missing is looked for. */
  readonly lookMs: number
}

export interface Containers {
  readonly stats: Readonly<Stats>
  /** The one object of the container with this id of 64 hex digits. */
  of(fullId: string): Container
  /** What a recording says of a container; undefined: nobody knew it. */
  learnt(fullId: string, facts: ContainerFacts | undefined): void
  /** Leaves the runtimes whose path changed for those at the new paths. */
  reconfigure(sockets: ContainerSockets): void
  close(): void
}

const TITLES: Readonly<Record<Runtime, string>> = {
  docker: 'docker engine',
  containerd: 'containerd',
  cri: 'kubernetes runtime service',
}

/** Knows the containers of this host from its runtimes: one object each, filled in as they answer. */
export function openContainers(options: ContainersOptions): Containers {
  const { log, clock, onLearnt = () => {}, onLife = () => {} } = options
  const limits = { pendingMs: PENDING_MS, forgetAfterMs: FORGET_AFTER_MS, lookMs: LOOK_MS, ...options.limits }
  const links = new Map<Runtime, { readonly link: Link; readonly paths: string }>()
  const counted: LinkStats = {
    runtimeConnections: 0,
    runtimeCallsFailed: 0,
    runtimeAsksDropped: 0,
    containerLabelsLeftOut: 0,
    runtimeMessagesRefused: 0,
  }
  const connects: Readonly<Record<Runtime, Connect>> = {
    docker: connectDocker,
    containerd: connectContainerd(clock),
    cri: connectCri(clock),
  }
  const table = containerTable({
    clock,
    limits,
    replay: options.sockets === undefined,
    onLearnt,
    onLife,
    onForgotten: (count) => log.debug('forgot containers that are gone', { count }),
    reachable: (runtime) => links.get(runtime)?.link.reachable() ?? false,
    ask: (runtime, fullId) => links.get(runtime)?.link.ask(fullId),
  })
  if (options.sockets) reconfigure(options.sockets)
  return {
    get stats() {
      return { ...table.stats, ...counted }
    },
    of: table.of,
    learnt: table.learnt,
    reconfigure,
    close,
  }

  function reconfigure(sockets: ContainerSockets): void {
    for (const runtime of RUNTIMES) {
      const paths = pathsOf(runtime, sockets)
      if (links.get(runtime)?.paths === paths.join()) continue
      links.get(runtime)?.link.close()
      links.delete(runtime)
      if (paths.length > 0) links.set(runtime, { link: linkTo(runtime, paths), paths: paths.join() })
    }
  }

  function linkTo(runtime: Runtime, paths: readonly string[]): Link {
    const title = TITLES[runtime]
    const connect = connects[runtime]
    const { lookMs } = limits
    return openLink({ runtime, title, paths, connect, table, stats: counted, log, clock, lookMs })
  }

  function close(): void {
    for (const { link } of links.values()) link.close()
    links.clear()
    table.close()
  }
}

function pathsOf(runtime: Runtime, sockets: ContainerSockets): readonly string[] {
  const path = sockets[runtime]?.replace(/^unix:\/\//, '')
  if (path === undefined) return CRI_PATHS
  return path === '' ? [] : [path]
}
