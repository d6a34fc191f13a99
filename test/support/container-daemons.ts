import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeImageArchive } from './container-image.ts'
import { openCri, type TestCri } from './cri.ts'
import { openDocker, type TestDocker } from './docker.ts'
import { pathOf, type Workshop } from './programs.ts'

const TOLD_MAX = 20

/** Names as both runtimes write them. */
export const IMAGE = 'qtap-test/busybox:1'
const PAUSE_IMAGE = 'qtap-test/pause:1'

const NO_NETWORK = { iptables: 'false', ip6tables: 'false', 'ip-forward': 'false', 'ip-masq': 'false' }

/** containerd with Kubernetes' runtime service, and Docker upon it, with files and sockets of their own. */
export interface ContainerDaemons {
  readonly dockerSocket: string
  readonly containerdSocket: string
  readonly docker: TestDocker
  readonly cri: TestCri
  stopDocker(): Promise<void>
  startDocker(): Promise<void>
  close(): Promise<void>
}

export async function startContainerDaemons(workshop: Workshop): Promise<ContainerDaemons> {
  const folder = join(workshop.folder, 'daemons')
  mkdirSync(folder)
  const containerdSocket = join(folder, 'containerd.sock')
  const dockerSocket = join(folder, 'docker.sock')
  writeFileSync(join(folder, 'containerd.toml'), containerdConfig(folder, containerdSocket))
  writeFileSync(join(folder, 'dockerd.json'), '{}')
  const archive = makeImageArchive(workshop, [IMAGE, PAUSE_IMAGE])
  const containerd = workshop.start(pathOf('containerd'), ['-c', join(folder, 'containerd.toml')])
  await said(containerd, /containerd successfully booted/)
  const docker = openDocker(dockerSocket)
  const cri = await openCri(containerdSocket)
  let dockerd = await startDockerd()
  await docker.load(readFileSync(await archive))
  const importing = [
    '--address',
    containerdSocket,
    '--namespace',
    'k8s.io',
    'images',
    'import',
    await archive,
  ]
  await workshop.run('ctr', importing)
  return { dockerSocket, containerdSocket, docker, cri, stopDocker, startDocker, close }

  async function startDockerd(): Promise<ChildProcess> {
    const where = {
      host: `unix://${dockerSocket}`,
      containerd: containerdSocket,
      'config-file': join(folder, 'dockerd.json'),
      pidfile: join(folder, 'dockerd.pid'),
      'data-root': join(folder, 'docker'),
      'exec-root': join(folder, 'docker-run'),
      'storage-driver': 'overlay2',
    }
    // Containers outlive it, and it leaves the network of this machine alone.
    const how = { 'live-restore': 'true', 'shutdown-timeout': '1', bridge: 'none', ...NO_NETWORK }
    const options = Object.entries({ ...where, ...how }).map(([name, value]) => `--${name}=${value}`)
    const child = workshop.start(pathOf('dockerd'), options)
    await said(child, /API listen on/)
    return child
  }

  function stopDocker(): Promise<void> {
    return stop(dockerd)
  }

  async function startDocker(): Promise<void> {
    dockerd = await startDockerd()
  }

  async function close(): Promise<void> {
    try {
      await docker.removeAll()
      await cri.removeAll()
    } finally {
      cri.close()
      await stopDocker()
      await stop(containerd)
      endRest()
    }
  }

  /** The processes that hold containers are no children of the daemons, and outlive them. */
  function endRest(): void {
    for (const pid of processesThatName(folder)) process.kill(pid, 'SIGKILL')
    for (const point of mountsUnder(folder)) execFileSync('umount', ['--lazy', point])
  }
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const gone = once(daemon, 'exit')
  daemon.kill('SIGTERM')
  await gone
}

function containerdConfig(folder: string, socket: string): string {
  mkdirSync(join(folder, 'cni'))
  return `version = 2
root = "${join(folder, 'containerd')}"
state = "${join(folder, 'containerd-run')}"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "docker.io/${PAUSE_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "${join(folder, 'runc')}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${join(folder, 'cni')}"
    conf_dir = "${join(folder, 'cni')}"
`
}

/** Resolves when a daemon has said so; fails with its last words when it ends before. */
function said(daemon: ChildProcess, wanted: RegExp): Promise<void> {
  const last: string[] = []
  return new Promise((resolve, reject) => {
    if (daemon.stderr === null) throw new Error('started without a pipe')
    daemon.stdout?.resume()
    const lines = createInterface({ input: daemon.stderr })
    lines.on('line', (line) => {
      last.push(line)
      if (last.length > TOLD_MAX) last.shift()
      if (wanted.test(line)) resolve()
    })
    lines.once('close', () => reject(new Error(`ended before it said ${wanted}:\n${last.join('\n')}`)))
  })
}

function processesThatName(folder: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandOf(pid).includes(folder))
}

function commandOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  } catch {
    return ''
  }
}

function mountsUnder(folder: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
    .reverse()
}
