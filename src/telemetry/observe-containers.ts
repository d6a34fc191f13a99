import type { LabelValues, Meter, Source } from '../base/index.ts'
import type { Container, ContainerLife, Pod } from '../capture/index.ts'

const LABELS = ['runtime', 'image', 'pod_name', 'pod_namespace']
const UNKNOWN = 'unknown'
const DURATION_BUCKETS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400]

/** How containerd and Docker mark the container that keeps a pod's namespaces open. */
const SANDBOX_LABELS: readonly (readonly [key: string, value: string])[] = [
  ['io.cri-containerd.kind', 'sandbox'],
  ['io.kubernetes.docker.type', 'podsandbox'],
]

/** What was counted when a container came, so that the same is taken off when it is gone. */
interface Counted {
  readonly labels: LabelValues
  readonly pod: LabelValues | undefined
}

/** Makes the metrics of containers known to a meter. */
export function declareContainerMetrics(meter: Meter) {
  const counter = (name: string, help: string) =>
    meter.counter({ name: `qtap_container_${name}_total`, help, labels: LABELS })
  return {
    open: counter('open', 'Containers that began, or were there before the agent.'),
    close: counter('close', 'Containers that ended.'),
    restart: counter('restart', 'Containers that began again; they are counted as opened as well.'),
    active: meter.gauge({
      name: 'qtap_container_active_total',
      help: 'Containers that run.',
      labels: LABELS,
    }),
    duration: meter.histogram({
      name: 'qtap_container_duration_seconds',
      help: 'How long containers ran, of those whose begin was seen.',
      labels: LABELS,
      buckets: DURATION_BUCKETS_S,
    }),
    ofPod: meter.gauge({
      name: 'qtap_container_pod_container_count',
      help: 'Containers that run in a pod, without the one that keeps its namespaces open.',
      labels: ['pod_name', 'namespace'],
    }),
  }
}

/** Counts containers as their runtimes tell of them. */
export function observeContainers(lives: Pick<Source<ContainerLife>, 'listen'>, meter: Meter): void {
  const metrics = declareContainerMetrics(meter)
  // As many as the table of containers holds: each is taken out when it is gone.
  const counted = new Map<Container, Counted>()
  lives.listen(({ kind, container, ranMs }) => {
    if (kind === 'closed') return onClosed(container, ranMs)
    if (isSandbox(container)) return
    const one: Counted = { labels: labelsOf(container), pod: podLabels(container.facts?.pod) }
    counted.set(container, one)
    metrics.open.add(1, one.labels)
    metrics.active.add(1, one.labels)
    if (kind === 'restarted') metrics.restart.add(1, one.labels)
    if (one.pod !== undefined) metrics.ofPod.add(1, one.pod)
  })

  function onClosed(container: Container, ranMs: number | undefined): void {
    const one = counted.get(container)
    if (one === undefined) return
    counted.delete(container)
    metrics.close.add(1, one.labels)
    metrics.active.add(-1, one.labels)
    if (one.pod !== undefined) metrics.ofPod.add(-1, one.pod)
    if (ranMs !== undefined) metrics.duration.observe(ranMs / 1_000, one.labels)
  }
}

function labelsOf({ facts }: Container): LabelValues {
  const { runtime, image, pod } = facts ?? {}
  return [runtime, image, pod?.name, pod?.namespace].map((value) => value || UNKNOWN)
}

function podLabels(pod: Pod | undefined): LabelValues | undefined {
  return pod === undefined ? undefined : [pod.name || UNKNOWN, pod.namespace || UNKNOWN]
}

function isSandbox({ facts }: Container): boolean {
  return SANDBOX_LABELS.some(([key, value]) => facts?.labels[key] === value)
}
