/** What names of control groups say. Empty strings outside containers and pods. */
export interface CgroupFacts {
  /** 64 hex digits: Docker, containerd and CRI-O all name a container by them. */
  readonly containerId: string
  /** Of the Kubernetes pod, with dashes. */
  readonly podUid: string
}

const CONTAINER = /[0-9a-f]{64}/
/** systemd writes `_` for `-`; the pods of a node itself have 32 digits in a row. */
const POD =
  /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])/

/**
 * From names of control groups, innermost first (`docker-<id>.scope`, `cri-containerd-<id>.scope`,
 * `/docker/<id>`, `/kubepods/…/pod<uid>/<id>`).
 */
export function cgroupFactsFrom(names: readonly string[]): CgroupFacts {
  let containerId = ''
  let podUid = ''
  for (const name of names) {
    containerId ||= CONTAINER.exec(name)?.[0] ?? ''
    podUid ||= POD.exec(name)?.[1]?.replaceAll('_', '-') ?? ''
  }
  return { containerId, podUid }
}

/** The same from the text of `/proc/PID/cgroup`: version 1, 2 and hybrid machines write different lines. */
export function cgroupFactsFromFile(text: string): CgroupFacts {
  const paths = text.split('\n').map((line) => line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1))
  return cgroupFactsFrom(paths.flatMap((path) => path.split('/').reverse()))
}
