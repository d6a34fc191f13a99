import { Client, credentials } from '@grpc/grpc-js'
import {
  type Fields,
  message,
  messageField,
  numberField,
  pairsField,
  readFields,
  textField,
} from '../../src/capture/containers/protobuf.ts'

const SERVICE = '/runtime.v1.RuntimeService'
const CALL_MS = 30_000
/** `NamespaceMode.NODE`: the network of the host, so that nothing has to give the pod one of its own. */
const NETWORK_OF_NODE = 2

export interface PodSettings {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface TestPod {
  /** 64 hex digits. */
  readonly sandboxId: string
  /** Starts a container, labelled as the kubelet labels it, and gives its id. */
  run(name: string, image: string, command: readonly string[]): Promise<string>
  remove(): Promise<void>
}

/** Kubernetes' runtime service as the kubelet uses it. */
export interface TestCri {
  runPod(settings: PodSettings): Promise<TestPod>
  removeContainer(fullId: string): Promise<void>
  removeAll(): Promise<void>
  close(): void
}

export async function openCri(socket: string): Promise<TestCri> {
  const client = new Client(`unix://${socket}`, credentials.createInsecure())
  await call('Version', message())
  return { runPod, removeContainer, removeAll, close: () => client.close() }

  async function runPod(settings: PodSettings): Promise<TestPod> {
    const names = {
      'io.kubernetes.pod.name': settings.name,
      'io.kubernetes.pod.namespace': settings.namespace,
      'io.kubernetes.pod.uid': settings.uid,
    }
    const metadata = [
      textField(1, settings.name),
      textField(2, settings.uid),
      textField(3, settings.namespace),
    ]
    const network = messageField(1, numberField(1, NETWORK_OF_NODE))
    const config = [
      messageField(1, ...metadata),
      pairsField(6, { ...settings.labels, ...names }),
      pairsField(7, settings.annotations),
      messageField(8, textField(1, `/kubepods/besteffort/pod${settings.uid}`), messageField(2, network)),
    ]
    const started = await call('RunPodSandbox', message(messageField(1, ...config)))
    const sandboxId = started.text(1)
    return { sandboxId, run, remove: () => removePod(sandboxId) }

    async function run(name: string, image: string, command: readonly string[]): Promise<string> {
      const container = [
        messageField(1, textField(1, name)),
        messageField(2, textField(1, image)),
        ...command.map((word) => textField(3, word)),
        pairsField(9, { ...names, 'io.kubernetes.container.name': name }),
        messageField(15),
      ]
      const asked = [textField(1, sandboxId), messageField(2, ...container), messageField(3, ...config)]
      const created = await call('CreateContainer', message(...asked))
      const fullId = created.text(1)
      await call('StartContainer', message(textField(1, fullId)))
      return fullId
    }
  }

  async function removeContainer(fullId: string): Promise<void> {
    await call('StopContainer', message(textField(1, fullId)))
    await call('RemoveContainer', message(textField(1, fullId)))
  }

  async function removePod(sandboxId: string): Promise<void> {
    await call('StopPodSandbox', message(textField(1, sandboxId)))
    await call('RemovePodSandbox', message(textField(1, sandboxId)))
  }

  async function removeAll(): Promise<void> {
    const pods = await call('ListPodSandbox', message())
    for (const pod of pods.messages(1)) await removePod(pod.text(1))
  }

  function call(method: string, request: Buffer): Promise<Fields> {
    return new Promise((resolve, reject) => {
      const path = `${SERVICE}/${method}`
      const options = { deadline: Date.now() + CALL_MS }
      client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        readFields,
        request,
        options,
        (error, fields) => {
          if (error) reject(new Error(`${method}: ${error.message}`))
          else resolve(fields ?? readFields(message()))
        },
      )
    })
  }
}
