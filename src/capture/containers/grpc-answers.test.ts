import { assert, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import {
  CONTAINERD_ANSWERS,
  CRI_ANSWERS,
  DOCKER_ID,
  POD_CONTAINER_ID,
  SANDBOX_ID,
} from '../../../test/support/container-answers.ts'
import { readContainerd, readEnvelope } from './containerd-answers.ts'
import {
  factsOfContainer,
  factsOfSandbox,
  podOf,
  readContainerEvent,
  readListedContainer,
} from './cri-answers.ts'
import { message, numberField, readFields, textField } from './protobuf.ts'

const COUNTER = { containerLabelsLeftOut: 0 }
const UID = '7f0e7d6a-0000-4000-8000-000000000001'
const NAMES = {
  'io.kubernetes.container.name': 'front',
  'io.kubernetes.pod.name': 'web-1',
  'io.kubernetes.pod.namespace': 'shop',
  'io.kubernetes.pod.uid': UID,
}
const POD = {
  name: 'web-1',
  namespace: 'shop',
  uid: UID,
  labels: { app: 'web' },
  annotations: { note: 'hello' },
}
const LISTED = { metadata: 2, labels: 5, annotations: 6 }
const STATUS = { metadata: 2, labels: 7, annotations: 8 }

test('containerd names image and pod, by the labels of Kubernetes', () => {
  const container = readFields(CONTAINERD_ANSWERS.get).message(1)
  expect(readContainerd(container, COUNTER)).toEqual({
    fullId: POD_CONTAINER_ID,
    facts: {
      runtime: 'containerd',
      name: 'front',
      image: 'docker.io/qtap-test/busybox:1',
      labels: { ...NAMES, 'io.cri-containerd.kind': 'container' },
      pod: { ...POD, labels: {}, annotations: {} },
    },
  })
})

test('of what Docker keeps there it knows nothing', () => {
  const container = readFields(CONTAINERD_ANSWERS.getOfDocker).message(1)
  expect(readContainerd(container, COUNTER)).toEqual({ fullId: DOCKER_ID, facts: undefined })
})

test('events of containerd name a container and its namespace', () => {
  const pod = (fullId: string, isDeleted: boolean) => ({ fullId, namespace: 'k8s.io', isDeleted })
  expect(CONTAINERD_ANSWERS.events.map((bytes) => readEnvelope(readFields(bytes)))).toEqual([
    pod(SANDBOX_ID, false),
    pod(SANDBOX_ID, false),
    pod(POD_CONTAINER_ID, false),
    pod(POD_CONTAINER_ID, false),
    { fullId: DOCKER_ID, namespace: 'moby', isDeleted: true },
    pod(POD_CONTAINER_ID, true),
    pod(SANDBOX_ID, true),
  ])
})

test('CRI knows a pod with its labels and annotations, from a list and from its status', () => {
  const [sandbox] = readFields(CRI_ANSWERS.sandboxes).messages(1)
  expect(sandbox && podOf(sandbox, LISTED, COUNTER)).toEqual(POD)
  expect(podOf(readFields(CRI_ANSWERS.sandboxStatus).message(1), STATUS, COUNTER)).toEqual(POD)
  expect(factsOfSandbox(POD)).toEqual({ runtime: 'cri', name: '', image: '', labels: POD.labels, pod: POD })
})

test('CRI knows a container and its sandbox', () => {
  const [container] = readFields(CRI_ANSWERS.containers).messages(1)
  if (!container) throw new Error('there is one in the recording')
  const listed = readListedContainer(container)
  const image = 'qtap-test/busybox:1'
  expect(listed).toMatchObject({ fullId: POD_CONTAINER_ID, sandboxId: SANDBOX_ID, hasExited: false, image })
  const facts = { runtime: 'cri', name: 'front', image, labels: NAMES } as const
  expect(factsOfContainer(listed, image, POD, COUNTER)).toEqual({ ...facts, pod: POD })
  const bare = { ...POD, labels: {}, annotations: {} }
  expect(factsOfContainer(listed, image, undefined, COUNTER)).toEqual({ ...facts, pod: bare })
  const unlabelled = { ...listed, labels: [], name: 'plain' }
  expect(factsOfContainer(unlabelled, image, POD, COUNTER).name).toBe('plain')
})

test('events of CRI name a container', () => {
  const event = (type: number) => readFields(message(textField(1, SANDBOX_ID), numberField(2, type)))
  expect(readContainerEvent(event(1))).toEqual({ fullId: SANDBOX_ID, isDeleted: false })
  expect(readContainerEvent(event(3))).toEqual({ fullId: SANDBOX_ID, isDeleted: true })
})

test('no bytes throw', () => {
  assert(
    property(uint8Array({ maxLength: 200 }), (bytes) => {
      const fields = readFields(bytes)
      readContainerd(fields, COUNTER)
      readEnvelope(fields)
      readContainerEvent(fields)
      factsOfContainer(readListedContainer(fields), '', podOf(fields, LISTED, COUNTER), COUNTER)
    }),
  )
})
