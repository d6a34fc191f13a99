import { mkdtempSync, rmSync } from 'node:fs'
import type { RequestListener, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  CONTAINERD_ANSWERS,
  CRI_ANSWERS,
  DOCKER_ANSWERS,
  DOCKER_ID,
  POD_CONTAINER_ID,
  SANDBOX_ID,
} from '../../../test/support/container-answers.ts'
import {
  type FakeDaemon,
  fakeDocker,
  fakeGrpc,
  type GrpcAnswer,
} from '../../../test/support/container-fakes.ts'
import type { Log } from '../../base/index.ts'
import type { Container, ContainerFacts } from '../events.ts'
import { type Containers, type ContainersLimits, openContainers } from './containers.ts'
import { message, messageField, numberField, textField } from './protobuf.ts'

const NOBODY = { docker: '', containerd: '', cri: '' }
const OTHER_ID = 'cd'.repeat(32)
const PATIENCE = { timeout: 10_000, interval: 5 }
const CRI = '/runtime.v1.RuntimeService'
const CONTAINERD = '/containerd.services'
const POD = { name: 'web-1', namespace: 'shop', labels: { app: 'web' }, annotations: { note: 'hello' } }

let folder: string
let socket: string
let opened: Containers[]
let daemons: FakeDaemon[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-containers-'))
  socket = join(folder, 'runtime.sock')
  opened = []
  daemons = []
})
afterEach(async () => {
  for (const containers of opened) containers.close()
  await Promise.all(daemons.map((daemon) => daemon.close()))
  rmSync(folder, { recursive: true })
})

test('Docker lists what runs, says what comes, and is asked about the rest', async () => {
  const events: ServerResponse[] = []
  const asked = await docker({ events: (response) => events.push(response) })
  const { containers, said } = open({ ...NOBODY, docker: `unix://${socket}` })
  const [listed, unknown] = [containers.of(DOCKER_ID), containers.of(OTHER_ID)]
  expect([listed.state, unknown.state]).toEqual(['pending', 'pending'])
  await settled(listed, unknown)
  expect(listed.facts).toMatchObject({ runtime: 'docker', name: 'shop-front', image: 'qtap-test/busybox:1' })
  expect(unknown.state).toBe('unknown')
  expect(said).toContainEqual(['connected to docker engine', { path: socket }])
  expect(asked.asked.filter((path) => path.includes(DOCKER_ID))).toEqual([])

  const born = {
    Type: 'container',
    Action: 'create',
    Actor: { ID: OTHER_ID, Attributes: { name: 'new', image: 'x' } },
  }
  const line = `${JSON.stringify(born)}\n`
  events[0]?.write(line.slice(0, 20))
  events[0]?.write(line.slice(20))
  await vi.waitFor(() => expect(unknown.facts?.name).toBe('new'), PATIENCE)
})

test('an id that is not in the list is inspected', async () => {
  await docker({ list: [], inspect: DOCKER_ANSWERS.inspect })
  const { containers } = open({ ...NOBODY, docker: socket })
  const container = containers.of(DOCKER_ID)
  await settled(container)
  expect(container.facts).toMatchObject({ name: 'shop-front', labels: { 'com.example.team': 'shop' } })
})

test('a socket that appears later is found, and makes known what was unknown', async () => {
  const { containers, learnt } = open({ ...NOBODY, docker: socket })
  const container = containers.of(DOCKER_ID)
  expect(container.state).toBe('unknown')
  await docker({})
  await vi.waitFor(() => expect(container.state).toBe('known'), PATIENCE)
  expect(learnt.map(([id, facts]) => [id, facts?.name])).toEqual([
    [DOCKER_ID, undefined],
    [DOCKER_ID, 'shop-front'],
  ])
})

test('after Docker was started again what it does not list any more is forgotten', async () => {
  const first = await docker({})
  const { containers, said } = open({ ...NOBODY, docker: socket }, { forgetAfterMs: 100 })
  const container = containers.of(DOCKER_ID)
  await settled(container)
  await first.close()
  daemons = []
  await vi.waitFor(() => expect(said).toContainEqual(['docker engine hung up', undefined]), PATIENCE)
  expect(container.state).toBe('known')
  expect(containers.of(OTHER_ID).state).toBe('unknown')
  await docker({ list: [] })
  await vi.waitFor(() => expect(containers.stats['containersForgotten']).toBe(1), PATIENCE)
  expect(containers.stats).toMatchObject({ runtimeConnections: 2, containers: 1 })
})

test.each([
  ['an answer that never comes', (): void => {}],
  ['an answer that is no JSON', (_, response) => response.end('<html>')],
  ['an answer of another program', (_, response) => response.writeHead(500).end('{}')],
  ['an answer without an end', (_, response) => void response.write('{')],
] satisfies [string, RequestListener][])('%s leaves a container unknown in time', async (_, answer) => {
  daemons.push(await fakeDocker(socket, answer))
  const { containers } = open({ ...NOBODY, docker: socket }, { pendingMs: 500 })
  const container = containers.of(DOCKER_ID)
  expect(container.state).toBe('pending')
  await settled(container)
  expect(container.state).toBe('unknown')
})

test('a list that is damaged does not hinder events, and too much text is refused', async () => {
  const events: ServerResponse[] = []
  await docker({ list: { message: 'broken' }, events: (response) => events.push(response) })
  const { containers } = open({ ...NOBODY, docker: socket })
  await vi.waitFor(() => expect(events).toHaveLength(1), PATIENCE)
  events[0]?.write(`${'x'.repeat(3 << 20)}\nnothing\n{}\n${JSON.stringify(DOCKER_ANSWERS.events[0])}\n`)
  await vi.waitFor(() => expect(containers.of(DOCKER_ID).facts?.name).toBe('shop-web'), PATIENCE)
  expect(containers.stats).toMatchObject({ runtimeCallsFailed: 1, runtimeMessagesRefused: 1 })
})

test('containerd’s events name a container, and Kubernetes its pod', async () => {
  let tell: (event: Buffer) => void = () => {}
  const [containerdSocket, criSocket] = [join(folder, 'containerd.sock'), join(folder, 'cri.sock')]
  await containerd(containerdSocket, { get: () => CONTAINERD_ANSWERS.get, events: (write) => (tell = write) })
  const kubernetes = await cri(criSocket, { containers: () => CRI_ANSWERS.containers })
  const { containers, said } = open({ docker: '', containerd: containerdSocket, cri: criSocket })
  await vi.waitFor(() => expect(containers.stats['runtimeConnections']).toBe(2), PATIENCE)
  expect(said).toContainEqual(['connected to containerd', { path: containerdSocket }])
  expect(said).toContainEqual(['connected to kubernetes runtime service', { path: criSocket }])
  for (const event of CONTAINERD_ANSWERS.events.slice(0, 4)) tell(event)
  const container = containers.of(POD_CONTAINER_ID)
  await settled(container)
  expect(container.facts).toMatchObject({ runtime: 'cri', name: 'front', pod: POD })
  // containerd 1.7 would take each event away from the kubelet.
  expect(kubernetes.asked).not.toContain(`${CRI}/GetContainerEvents`)
})

test('a list of containerd and Kubernetes makes known what ran before', async () => {
  const both = join(folder, 'both.sock')
  await containerd(both, { get: () => undefined, list: CONTAINERD_ANSWERS.get, isKubernetes: true })
  const { containers } = open({ docker: '', containerd: both, cri: both })
  const [container, sandbox] = [containers.of(POD_CONTAINER_ID), containers.of(SANDBOX_ID)]
  await settled(container, sandbox)
  expect(container.facts).toMatchObject({ name: 'front', pod: POD })
  expect(sandbox.facts).toMatchObject({ name: '', pod: POD })
})

test('each namespace of containerd is asked about an id that it never told of', async () => {
  const daemon = await containerd(socket, { get: () => CONTAINERD_ANSWERS.get })
  const { containers } = open({ ...NOBODY, containerd: socket })
  const container = containers.of(POD_CONTAINER_ID)
  await settled(container)
  expect(container.facts).toMatchObject({ runtime: 'containerd', name: 'front' })
  expect(daemon.asked.filter((method) => method.endsWith('/ListStream'))).toHaveLength(2)
})

test('another runtime of Kubernetes tells of its containers itself', async () => {
  let tell: (event: Buffer) => void = () => {}
  let hasStarted = false
  await cri(socket, {
    name: 'cri-o',
    containers: () => (hasStarted ? CRI_ANSWERS.containers : message()),
    events: (write) => (tell = write),
  })
  const { containers } = open({ ...NOBODY, cri: socket }, { forgetAfterMs: 100 })
  const container = containers.of(POD_CONTAINER_ID)
  await settled(container)
  expect(container.state).toBe('unknown')
  hasStarted = true
  tell(message(textField(1, POD_CONTAINER_ID), numberField(2, 1)))
  await vi.waitFor(() => expect(container.facts?.pod).toMatchObject(POD), PATIENCE)
  tell(message(textField(1, POD_CONTAINER_ID), numberField(2, 3)))
  await vi.waitFor(() => expect(containers.stats['containersForgotten']).toBe(1), PATIENCE)
})

test('an image by its number only is asked for by its name', async () => {
  const digest = `sha256:${'4'.repeat(64)}`
  const image = messageField(4, textField(1, digest))
  const listed = messageField(1, textField(1, POD_CONTAINER_ID), textField(2, SANDBOX_ID), image)
  await cri(socket, { containers: () => listed })
  const { containers } = open({ ...NOBODY, cri: socket })
  const container = containers.of(POD_CONTAINER_ID)
  await settled(container)
  expect(container.facts?.image).toBe('docker.io/qtap-test/busybox:1')
})

test('questions that hang cost only the time of a call, and a runtime that hangs up is found again', async () => {
  const first = await cri(socket, { containers: () => 'hangs' })
  const { containers, said } = open({ ...NOBODY, cri: socket }, { pendingMs: 300 })
  const container = containers.of(POD_CONTAINER_ID)
  await settled(container)
  expect(container.state).toBe('unknown')
  await first.close()
  daemons = []
  await vi.waitFor(() => expect(said.flat()).toContain('kubernetes runtime service hung up'), PATIENCE)
  await cri(socket, { containers: () => CRI_ANSWERS.containers })
  await vi.waitFor(() => expect(container.state).toBe('known'), PATIENCE)
})

test('a service that has none of the methods is no runtime', async () => {
  daemons.push(await fakeGrpc(socket, {}))
  const { containers, said } = open({ docker: '', containerd: socket, cri: socket })
  const container = containers.of(POD_CONTAINER_ID)
  await settled(container)
  expect(container.state).toBe('unknown')
  expect(said.flat()).toEqual(
    expect.arrayContaining(['no containerd here', 'no kubernetes runtime service here']),
  )
})

test('another path is another runtime', async () => {
  await docker({})
  const { containers } = open(NOBODY)
  expect(containers.of(OTHER_ID).state).toBe('unknown')
  containers.reconfigure({ ...NOBODY, docker: socket })
  const container = containers.of(DOCKER_ID)
  await settled(container)
  expect(container.state).toBe('known')
  containers.reconfigure(NOBODY)
  expect(containers.of('ef'.repeat(32)).state).toBe('unknown')
})

test('a replay asks nobody', () => {
  const containers = openContainers({ sockets: undefined, log: logInto([]), clock: clock() })
  const container = containers.of(DOCKER_ID)
  expect(container.state).toBe('pending')
  containers.learnt(DOCKER_ID, undefined)
  expect(container.state).toBe('unknown')
})

function open(sockets: Parameters<Containers['reconfigure']>[0], limits: Partial<ContainersLimits> = {}) {
  const learnt: [string, ContainerFacts | undefined][] = []
  const said: [string, unknown][] = []
  const containers = openContainers({
    sockets,
    log: logInto(said),
    clock: clock(),
    onLearnt: (fullId, facts) => learnt.push([fullId, facts]),
    limits: { lookMs: 50, ...limits },
  })
  opened.push(containers)
  return { containers, learnt, said }
}

interface FakeAnswers {
  readonly list?: unknown
  readonly inspect?: unknown
  readonly events?: (response: ServerResponse) => void
}

async function docker({ list = DOCKER_ANSWERS.list, inspect, events }: FakeAnswers): Promise<FakeDaemon> {
  const daemon = await fakeDocker(socket, (request, response) => {
    const path = request.url ?? ''
    if (path === '/version') response.end(JSON.stringify(DOCKER_ANSWERS.version))
    else if (path.startsWith('/v1.41/events?filters=')) {
      response.flushHeaders()
      events?.(response)
    } else if (path === '/v1.41/containers/json') response.end(JSON.stringify(list))
    else if (inspect !== undefined && path.startsWith('/v1.41/containers/'))
      response.end(JSON.stringify(inspect))
    else response.writeHead(404).end(JSON.stringify(DOCKER_ANSWERS.missing))
  })
  daemons.push(daemon)
  return daemon
}

type Tell = (write: (event: Buffer) => void) => void

async function containerd(
  path: string,
  answers: { get: GrpcAnswer; list?: Buffer; events?: Tell; isKubernetes?: boolean },
): Promise<FakeDaemon> {
  const { get, list = message(), events = () => {}, isKubernetes = false } = answers
  const daemon = await fakeGrpc(
    path,
    {
      [`${CONTAINERD}.namespaces.v1.Namespaces/List`]: () => CONTAINERD_ANSWERS.namespaces,
      [`${CONTAINERD}.containers.v1.Containers/Get`]: get,
      ...(isKubernetes && criAnswers({ containers: () => CRI_ANSWERS.containers })),
    },
    {
      [`${CONTAINERD}.events.v1.Events/Subscribe`]: events,
      [`${CONTAINERD}.containers.v1.Containers/ListStream`]: (write, end) => {
        if (list.length > 0) write(list)
        end()
      },
    },
  )
  daemons.push(daemon)
  return daemon
}

interface CriAnswers {
  readonly name?: string
  readonly containers: GrpcAnswer
  readonly events?: Tell
}

async function cri(path: string, answers: CriAnswers): Promise<FakeDaemon> {
  const streams = { [`${CRI}/GetContainerEvents`]: answers.events ?? (() => {}) }
  const daemon = await fakeGrpc(path, criAnswers(answers), streams)
  daemons.push(daemon)
  return daemon
}

/** Of a runtime that knows the pod of the recording; a sandbox has the id of the recording's. */
function criAnswers({ name = 'containerd', containers }: CriAnswers): Readonly<Record<string, GrpcAnswer>> {
  return {
    [`${CRI}/Version`]: () => message(textField(1, '0.1.0'), textField(2, name)),
    [`${CRI}/ListContainers`]: containers,
    [`${CRI}/ListPodSandbox`]: () => CRI_ANSWERS.sandboxes,
    [`${CRI}/ContainerStatus`]: () => CRI_ANSWERS.containerStatus,
    [`${CRI}/PodSandboxStatus`]: (request) =>
      request.equals(textField(1, SANDBOX_ID)) ? CRI_ANSWERS.sandboxStatus : undefined,
  }
}

function settled(...containers: readonly Container[]): Promise<void> {
  return vi.waitFor(() => {
    for (const { state } of containers) expect(state).not.toBe('pending')
  }, PATIENCE)
}

function logInto(said: [string, unknown][]): Log {
  const say = (text: string, fields?: unknown) => void said.push([text, fields])
  return { debug: say, info: say, warn: say, error: say }
}

function clock() {
  return { bootEpochMs: 0, nowMs: () => Date.now(), elapsedMs: () => performance.now() }
}
