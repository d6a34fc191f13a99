import { expect, test } from 'vitest'
import type { ContainerFacts, Pod } from '../events.ts'
import { keepFacts, keepLabels, mergeSayings, podFromLabels } from './facts.ts'

const BARE_POD: Pod = { name: 'web-1', namespace: 'shop', uid: 'u-1', labels: {}, annotations: {} }
const POD: Pod = { ...BARE_POD, labels: { app: 'web' } }
const DOCKER: ContainerFacts = facts({ runtime: 'docker', name: 'k8s_front_web-1', image: 'shop/front:1' })
const CONTAINERD: ContainerFacts = facts({ runtime: 'containerd', image: 'docker.io/shop/front:1' })
const CRI: ContainerFacts = facts({ runtime: 'cri', name: 'front', image: 'shop/front:1', pod: POD })
const DIGEST = `sha256:${'4'.repeat(64)}`

test.each([
  ['one alone is as it says', { docker: DOCKER }, DOCKER],
  [
    'containerd has the pod, Docker the name',
    { docker: DOCKER, containerd: { ...CONTAINERD, pod: BARE_POD } },
    { ...DOCKER, pod: BARE_POD },
  ],
  ['Kubernetes knows best', { docker: DOCKER, containerd: CONTAINERD, cri: CRI }, CRI],
  [
    'an image by its number gives way to its name',
    { containerd: CONTAINERD, cri: { ...CRI, image: DIGEST } },
    { ...CRI, image: 'docker.io/shop/front:1' },
  ],
  ['and stays where nobody knows its name', { cri: { ...CRI, image: DIGEST } }, { ...CRI, image: DIGEST }],
  [
    'a pod’s uid may come from labels',
    { containerd: { ...CONTAINERD, pod: BARE_POD }, cri: { ...CRI, pod: { ...POD, uid: '' } } },
    CRI,
  ],
  [
    'a name that only containerd knows',
    { containerd: { ...CONTAINERD, name: 'front' }, cri: { ...CRI, name: '' } },
    CRI,
  ],
] as const)('%s', (_, sayings, expected) => {
  expect(mergeSayings(sayings)).toEqual(expected)
})

test('nothing said is nothing known', () => {
  expect(mergeSayings({})).toBeUndefined()
})

test('a pod needs a name and a namespace', () => {
  const labels = { 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop' }
  expect(podFromLabels({ ...labels, 'io.kubernetes.pod.uid': 'u-1' })).toEqual(BARE_POD)
  expect(podFromLabels(labels)).toEqual({ ...BARE_POD, uid: '' })
  expect(podFromLabels({ 'io.kubernetes.pod.name': 'web-1' })).toBeUndefined()
})

test('labels are bounded in size and number, and what is left out is counted', () => {
  const counter = { containerLabelsLeftOut: 0 }
  const many = Array.from({ length: 300 }, (_, index) => [`key-${index}`, 'value'] as const)
  expect(Object.keys(keepLabels(many, counter))).toHaveLength(256)
  expect(counter.containerLabelsLeftOut).toBe(44)

  const large = Array.from({ length: 50 }, (_, index) => [`key-${index}`, 'v'.repeat(1_000)] as const)
  const kept = keepLabels([['long', 'v'.repeat(1_024)], ...large, ['short', 'v']], counter)
  expect(JSON.stringify(kept).length).toBeLessThan(17_000)
  expect(kept).not.toHaveProperty('long')
  expect(kept).toHaveProperty('short', 'v')
  expect(counter.containerLabelsLeftOut).toBe(44 + 1 + 34)
})

test('a label may have the name of something that every object has', () => {
  const counter = { containerLabelsLeftOut: 0 }
  const kept = keepLabels(
    [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ],
    counter,
  )
  expect(Object.entries(kept)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

test('names are bounded', () => {
  const long = 'n'.repeat(5_000)
  const kept = keepFacts({
    ...CRI,
    name: long,
    image: long,
    pod: { ...POD, name: long, namespace: long, uid: long },
  })
  expect(JSON.stringify(kept).length).toBeLessThan(2_500)
})

function facts(changes: Partial<ContainerFacts> & Pick<ContainerFacts, 'runtime'>): ContainerFacts {
  return { name: '', image: '', labels: {}, pod: undefined, ...changes }
}
