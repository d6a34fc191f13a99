import { anything, assert, json, property } from 'fast-check'
import { expect, test } from 'vitest'
import { DOCKER_ANSWERS, DOCKER_ID } from '../../../test/support/container-answers.ts'
import { isMissing, readEvent, readInspected, readListed, readVersion } from './docker-answers.ts'

const COUNTER = { containerLabelsLeftOut: 0 }
const FACTS = { runtime: 'docker', name: 'shop-front', image: 'qtap-test/busybox:1', pod: undefined } as const
const LABELS = { 'com.example.team': 'shop' }

test('the version spoken is the oldest that will do, and that the daemon speaks', () => {
  expect(readVersion(DOCKER_ANSWERS.version)).toBe('1.41')
  expect(readVersion({ ApiVersion: '1.54', MinAPIVersion: '1.44' })).toBe('1.44')
  expect(() => readVersion({ ApiVersion: '1.40', MinAPIVersion: '1.12' })).toThrow('older than 1.41')
  expect(() => readVersion({ ApiVersion: 'two' })).toThrow()
})

test('events name a container, its image and labels, and its end', () => {
  const events = DOCKER_ANSWERS.events.map((event) => readEvent(JSON.stringify(event), COUNTER))
  const before = { ...FACTS, name: 'shop-web', labels: LABELS }
  const actions = DOCKER_ANSWERS.events.map(({ Action }) => Action)
  expect(actions.join()).toBe('create,start,rename,kill,die,destroy')
  expect(events).toEqual([
    { fullId: DOCKER_ID, facts: before },
    { fullId: DOCKER_ID, facts: before },
    { fullId: DOCKER_ID, facts: { ...FACTS, labels: LABELS } },
    undefined,
    { fullId: DOCKER_ID, facts: undefined },
    { fullId: DOCKER_ID, facts: undefined },
  ])
})

test('the list and an inspection say the same', () => {
  const labels = { ...LABELS, image: 'mine' }
  expect([...readListed(DOCKER_ANSWERS.list, COUNTER)]).toEqual([[DOCKER_ID, { ...FACTS, labels }]])
  expect(readInspected(DOCKER_ANSWERS.inspect, COUNTER)).toEqual({ ...FACTS, labels })
  expect([isMissing(DOCKER_ANSWERS.missing), isMissing(DOCKER_ANSWERS.inspect)]).toEqual([true, false])
})

test('the own name is told from those by which others link to it', () => {
  const [container] = DOCKER_ANSWERS.list
  const linked = [{ ...container, Names: ['/shop-api/db', '/shop-db'] }]
  expect(readListed(linked, COUNTER).get(DOCKER_ID)?.name).toBe('shop-db')
})

test('labels of Kubernetes name the pod', () => {
  const config = {
    Image: 'shop/front:1',
    Labels: {
      'io.kubernetes.pod.name': 'web-1',
      'io.kubernetes.pod.namespace': 'shop',
      'io.kubernetes.pod.uid': 'u',
    },
  }
  const pod = { name: 'web-1', namespace: 'shop', uid: 'u', labels: {}, annotations: {} }
  expect(readInspected({ Name: '/k8s_front', Config: config }, COUNTER)).toMatchObject({
    name: 'k8s_front',
    pod,
  })
})

test('nothing that is answered throws past the readers but what a link takes for a failure', () => {
  assert(
    property(anything(), anything(), json(), (one, other, line) => {
      readInspected({ Name: one, Config: { Image: other, Labels: one } }, COUNTER)
      readInspected(one, COUNTER)
      isMissing(one)
      const listed = [one, { Id: DOCKER_ID, Names: [one, other], Image: one, Labels: other }]
      expect(readListed(listed, COUNTER).size).toBe(1)
      const event = { Action: 'start', Actor: { ID: DOCKER_ID, Attributes: { name: one, image: other } } }
      readEvent(
        JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? 1 : value)),
        COUNTER,
      )
      readEvent(line, COUNTER)
      readEvent(line.slice(1), COUNTER)
    }),
  )
})
