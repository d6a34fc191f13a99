import { request } from 'node:http'

const API = '/v1.41'

export interface DockerContainer {
  /** 64 hex digits. */
  readonly id: string
  start(): Promise<void>
  rename(name: string): Promise<void>
  /** Resolves with its exit status when it has ended. */
  wait(): Promise<number>
  remove(): Promise<void>
}

export interface DockerSettings {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly environment?: readonly string[]
  /** Docker removes it as soon as it ends. */
  readonly removed?: boolean
}

/** Docker as tests use it; containers are in the network of the host. */
export interface TestDocker {
  load(archive: Uint8Array): Promise<void>
  create(settings: DockerSettings): Promise<DockerContainer>
  removeAll(): Promise<void>
}

export function openDocker(socket: string): TestDocker {
  return { load, create, removeAll }

  async function load(archive: Uint8Array): Promise<void> {
    await ask('POST', '/images/load?quiet=1', archive, 'application/x-tar')
  }

  async function create(settings: DockerSettings): Promise<DockerContainer> {
    const { name, image, command, labels = {}, environment = [], removed = false } = settings
    const body = {
      Image: image,
      Cmd: command,
      Labels: labels,
      Env: environment,
      HostConfig: { NetworkMode: 'host', AutoRemove: removed, LogConfig: { Type: 'none' } },
    }
    const { Id: id } = await askJson('POST', `/containers/create?name=${name}`, body)
    if (typeof id !== 'string') throw new Error('Docker gave no id')
    return {
      id,
      start: async () => void (await ask('POST', `/containers/${id}/start`)),
      rename: async (to) => void (await ask('POST', `/containers/${id}/rename?name=${to}`)),
      remove: async () => void (await ask('DELETE', `/containers/${id}?force=1`)),
      wait: async () => Number((await askJson('POST', `/containers/${id}/wait`))['StatusCode']),
    }
  }

  async function removeAll(): Promise<void> {
    const all: { readonly Id: string }[] = JSON.parse((await ask('GET', '/containers/json?all=1')).toString())
    for (const { Id: id } of all) await ask('DELETE', `/containers/${id}?force=1`)
  }

  async function askJson(method: string, target: string, body?: unknown): Promise<Record<string, unknown>> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const answer: Record<string, unknown> = JSON.parse((await ask(method, target, bytes)).toString())
    return answer
  }

  function ask(
    method: string,
    target: string,
    body?: Uint8Array,
    type = 'application/json',
  ): Promise<Buffer> {
    const headers = body ? { 'content-type': type, 'content-length': body.length } : {}
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: socket, path: API + target, method, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const answer = Buffer.concat(chunks)
          const status = response.statusCode ?? 0
          if (status < 400) resolve(answer)
          else reject(new Error(`Docker answers ${method} ${target} with ${status}: ${answer.toString()}`))
        })
      })
      asked.once('error', reject)
      asked.end(body)
    })
  }
}
