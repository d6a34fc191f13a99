import { type Process, SKIP } from './events.ts'
import { type ExeFilter, type FilterGroup, matcherOf, type Tap } from './options.ts'

/** Paths of executables, in lower case. */
const MEMBERS: Readonly<Record<Exclude<FilterGroup, 'qpoint'>, readonly string[]>> = {
  'container-runtimes': ['/usr/bin/containerd', '/usr/bin/dockerd', '/usr/bin/runc'],
  eks: [
    '/app/aws-k8s-agent',
    '/usr/bin/amazon-ssm-agent',
    '/usr/bin/ssm-agent-worker',
    '/usr/bin/ssm-document-worker',
  ],
  gke: [
    '/event-exporter',
    '/fluent-bit-gke-exporter',
    '/home/kubernetes/bin/gcfsd',
    '/home/kubernetes/bin/node-problem-detector',
  ],
  kubernetes: [
    '/cluster-proportional-autoscaler',
    '/csi-node-driver-registrar',
    '/home/kubernetes/bin/kube-proxy',
    '/home/kubernetes/bin/kubelet',
    '/proxy-agent',
  ],
}

/** What is left out of a process's traffic, as bits of `SKIP`. */
export type SkipsOf = (process: Pick<Process, 'pid' | 'exe' | 'strategy'>) => number

/**
 * The operator's filters in their order, then the groups in theirs: the first that matches decides. What the
 * program itself asks for is left out besides. A filter that is invalid matches nothing. The agent's own
 * process is always left out.
 */
export function processFilter({ custom, groups }: Tap['filters'], ownPid: number): SkipsOf {
  const filters = [...custom.flatMap(customFilter), ...groups.flatMap(groupFilter)]
  return ({ pid, exe, strategy }) => {
    if (pid === ownPid) return SKIP.all
    const found = filters.find(({ matches }) => matches(exe))
    return (found?.skips ?? 0) | skipsByStrategy(strategy)
  }
}

interface Filter {
  readonly matches: (exe: string) => boolean
  readonly skips: number
}

function customFilter(filter: ExeFilter): readonly Filter[] {
  const matches = matcherOf(filter)
  return matches === undefined ? [] : [{ matches, skips: filter.skips }]
}

function groupFilter(group: FilterGroup): readonly Filter[] {
  if (group === 'qpoint') return []
  const members = new Set(MEMBERS[group])
  return [{ matches: (exe) => members.has(exe.toLowerCase()), skips: SKIP.all }]
}

/** Nothing here forwards traffic: who asks for that is observed like anybody else. */
function skipsByStrategy(strategy: Process['strategy']): number {
  switch (strategy) {
    case 'ignore':
      return SKIP.all
    case 'audit':
      return SKIP.data
    case 'observe':
    case 'forward':
    case 'proxy':
      return 0
    default:
      return strategy satisfies never
  }
}
