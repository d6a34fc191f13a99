import { expect, test } from 'vitest'
import { recordingMeter } from '../../test/support/recording-meter.ts'
import { source } from '../base/index.ts'
import type { Container, ContainerFacts, ContainerLife } from '../capture/index.ts'
import { observeContainers } from './observe-containers.ts'

const POD = { name: 'web-1', namespace: 'shop', uid: 'u-1', labels: {}, annotations: {} }
const IN_POD = 'cri|shop/web:1|web-1|shop'

function observed() {
  const lives = source<ContainerLife>({})
  const recorded = recordingMeter()
  observeContainers(lives, recorded.meter)
  const told = (kind: ContainerLife['kind'], container: Container, ranMs?: number) =>
    lives.emit({ kind, container, ranMs })
  return { ...recorded, told }
}

function someContainer(facts: Partial<ContainerFacts>): Container {
  const whole = {
    runtime: 'cri',
    name: 'front',
    image: 'shop/web:1',
    labels: {},
    pod: POD,
    ...facts,
  } as const
  return { fullId: 'ab'.repeat(32), id: 'abababababab', state: 'known', facts: whole }
}

test('a container is counted as it begins, begins again and ends', () => {
  const { told, counted, labelNames } = observed()
  const container = someContainer({})
  told('opened', container)
  told('closed', container, 1_500)
  told('restarted', container)
  expect(counted).toEqual({
    qtap_container_open_total: { [IN_POD]: [1, 1] },
    qtap_container_active_total: { [IN_POD]: [1, -1, 1] },
    qtap_container_close_total: { [IN_POD]: [1] },
    qtap_container_restart_total: { [IN_POD]: [1] },
    qtap_container_duration_seconds: { [IN_POD]: [1.5] },
    qtap_container_pod_container_count: { 'web-1|shop': [1, -1, 1] },
  })
  expect(labelNames['qtap_container_open_total']).toEqual(['runtime', 'image', 'pod_name', 'pod_namespace'])
  expect(labelNames['qtap_container_pod_container_count']).toEqual(['pod_name', 'namespace'])
})

test('what is learnt while it runs changes nothing of where it is counted', () => {
  const { told, sums } = observed()
  const container = someContainer({ runtime: 'containerd', pod: undefined, image: '' })
  told('opened', container)
  container.facts = someContainer({}).facts
  told('closed', container)
  expect(sums('qtap_container_active_total')).toEqual({ 'containerd|unknown|unknown|unknown': 0 })
  expect(sums('qtap_container_pod_container_count')).toEqual({})
  expect(sums('qtap_container_duration_seconds')).toEqual({})
})

test('the container that keeps the namespaces of a pod open is none of its containers', () => {
  const { told, counted } = observed()
  const sandbox = someContainer({ labels: { 'io.cri-containerd.kind': 'sandbox' } })
  told('opened', sandbox)
  told('closed', sandbox, 10)
  expect(counted).toEqual({})
})
