import { existsSync } from 'node:fs'
import { release } from 'node:os'
import { OperatorError } from '../../base/index.ts'
import { wireLimit, wireShared } from '../generated/wire.ts'
import type { SecretLayout } from '../secret-calls/secret-calls.ts'
import { backfillSockets } from './backfill.ts'
import { type BootTime, measureBootTime } from './boot-time.ts'
import { type Libbpf, openLibbpf, openLibc, type Pointer } from './libbpf.ts'
import { openRing, type Ring } from './ring.ts'
import {
  chooseSecretPrograms,
  openSecretProbes,
  type ProbeAbilities,
  probeAbilities,
} from './secret-probes.ts'
import { type SharedMemory, sharedMemory } from './shared.ts'

/**
 * The programs that are attached once, in this order: processes first, so that a socket's process is known.
 */
const PROGRAMS = [
  'on_fork',
  'on_exec',
  'on_exit',
  'on_socket_state',
  'on_socket_destroyed',
  'on_call',
] as const

export interface Kernel {
  readonly ring: Ring
  readonly shared: SharedMemory
  /** Nanoseconds since boot, suspend included. */
  bootNs(): number
  readonly bootTime: BootTime
  /**
   * Starts the programs. Sockets that are there already are reported as joined late. Gives how many
   * namespaces failed.
   */
  attach(): { readonly namespacesMissed: number }
  /** Reports sockets that are there and not watched yet as joined late; gives how many namespaces failed. */
  backfill(): number
  /** What of a process's traffic is left out from now on, bits of `SKIP`. Its children begin with it. */
  skipProcess(pid: number, skips: number): void
  /** With `treeOnly` set, only this process and those it starts from now on are watched. */
  watchTree(pid: number): void
  /** Attaches the secret program to instructions of a file; gives how many the kernel took. */
  attachSecrets(layout: SecretLayout, path: string, offsets: readonly number[]): number
  waitReadable(timeoutMs: number, done: () => void): void
  /**
   * Detaches all programs but those that take secrets: from here on nothing comes into the ring buffer but
   * secrets.
   */
  detach(): void
  /** Detaches the rest. May take seconds where very many files are read. */
  close(): void
}

/** Loads the kernel side. Throws an `OperatorError` that says what is missing; nothing stays loaded then. */
export function openKernel(objectPath: string, ringBytes: number): Kernel {
  checkMachine(objectPath)
  const bpf = openLibbpf()
  const libc = openLibc()
  const abilities = probeAbilities(kernelVersion())
  const object = loadObject(bpf, objectPath, ringBytes, abilities)
  const secrets = openSecretProbes(bpf, libc, object, abilities)
  const ring = openRing(libc, mapFd(bpf, object, 'records'), ringBytes)
  const shared = mapShared()
  const links: Pointer[] = []
  const ignored = mapFd(bpf, object, 'ignored')
  const tree = mapFd(bpf, object, 'tree')
  return {
    ring,
    shared,
    bootNs: libc.bootNs,
    bootTime: measureBootTime(libc),
    attach,
    backfill,
    skipProcess,
    watchTree: (pid) => setEntry(tree, pid, 1),
    attachSecrets: secrets.attach,
    waitReadable: (timeoutMs, done) => libc.waitReadable(ring.fd, timeoutMs, done),
    detach,
    close: secrets.close,
  }

  function mapShared(): SharedMemory {
    let map: Pointer = bpf.nextMap(object, null)
    while (map && !bpf.mapName(map).endsWith('.bss')) map = bpf.nextMap(object, map)
    if (!map)
      throw new OperatorError('QTAP_BPF_OBJECT', `${objectPath} has no shared memory.`, 'Build it again.')
    return sharedMemory(libc.map(bpf.mapFd(map), 0, wireShared.byteLength, true))
  }

  function attach(): { namespacesMissed: number } {
    for (const name of PROGRAMS) {
      const link = bpf.attach(program(name))
      if (!link) throw refused(`attach ${name}`, bpf.errno(), '')
      links.push(link)
    }
    return { namespacesMissed: backfill() }
  }

  function backfill(): number {
    return backfillSockets(bpf, libc, program('backfill'))
  }

  function program(name: string): Pointer {
    const found = bpf.findProgram(object, name)
    if (!found)
      throw new OperatorError('QTAP_BPF_OBJECT', `${objectPath} has no program ${name}.`, 'Build it again.')
    return found
  }

  function skipProcess(pid: number, skips: number): void {
    if (skips !== 0) shared.set('anyIgnored', 1)
    setEntry(ignored, pid, skips)
  }

  function setEntry(map: number, pid: number, value: number): void {
    const key = new Uint8Array(Uint32Array.of(pid).buffer)
    if (value === 0) bpf.deleteElement(map, key)
    else bpf.updateElement(map, key, Uint8Array.of(value), 0)
  }

  function detach(): void {
    for (let link = links.pop(); link; link = links.pop()) bpf.destroyLink(link)
  }
}

function checkMachine(objectPath: string): void {
  if (process.getuid?.() !== 0)
    throw new OperatorError(
      'QTAP_NOT_ROOT',
      'qtap needs to be root to load BPF programs.',
      'Run it with sudo.',
    )
  if (kernelVersion() < 510)
    throw new OperatorError(
      'QTAP_KERNEL_TOO_OLD',
      `Kernel ${release()} is too old.`,
      'Run on Linux 5.10 or newer.',
    )
  if (!existsSync('/sys/kernel/btf/vmlinux'))
    throw new OperatorError(
      'QTAP_NO_BTF',
      'This kernel has no type information (/sys/kernel/btf/vmlinux).',
      'Run a kernel built with CONFIG_DEBUG_INFO_BTF=y, and mount /sys.',
    )
  if (!existsSync(objectPath))
    throw new OperatorError('QTAP_BPF_OBJECT', `${objectPath} is missing.`, 'Build it: npm run build:bpf')
}

/** 5.10 → 510, 6.1 → 601. */
function kernelVersion(): number {
  const [major, minor] = release().split('.').map(Number)
  return (major ?? 0) * 100 + (minor ?? 0)
}

function loadObject(bpf: Libbpf, path: string, ringBytes: number, abilities: ProbeAbilities): Pointer {
  const object = bpf.openFile(path)
  if (!object) throw refused(`open ${path}`, bpf.errno(), '')
  bpf.setMaxEntries(bpf.findMap(object, 'records'), ringBytes)
  chooseSecretPrograms(bpf, object, abilities)
  if (bpf.load(object) !== 0) {
    const error = bpf.errno()
    bpf.close(object)
    throw refused('load the BPF programs', error, bpf.refusedProgram())
  }
  return object
}

function mapFd(bpf: Libbpf, object: Pointer, name: string): number {
  return bpf.mapFd(bpf.findMap(object, name))
}

const EPERM = 1
const E2BIG = 7
const ENOMEM = 12
const EACCES = 13
const EINVAL = 22

function refused(what: string, errno: number, reason: string): OperatorError {
  const message = `The kernel refused to ${what} (error ${errno})${reason && `: ${reason}`}.`
  if (errno === EPERM)
    return new OperatorError(
      'QTAP_BPF_REFUSED',
      message,
      'Allow BPF: CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN; in a container --privileged --pid=host.',
    )
  if (errno === ENOMEM)
    return new OperatorError(
      'QTAP_BPF_REFUSED',
      message,
      'Raise the locked-memory limit: ulimit -l unlimited',
    )
  if (errno === EACCES || errno === E2BIG || errno === EINVAL)
    return new OperatorError(
      'QTAP_BPF_REFUSED',
      message,
      'The verifier of this kernel does not accept a program; please report it.',
    )
  return new OperatorError(
    'QTAP_BPF_REFUSED',
    message,
    `Record layout ${wireLimit.version}; see docs/debugging.md.`,
  )
}

/** Nanoseconds since boot, suspend included: the clock of all records. */
export function machineBootNs(): number {
  return openLibc().bootNs()
}

/** Wall-clock time of boot, milliseconds since 1970, to some microseconds. */
export function machineBootEpochMs(): number {
  return measureBootTime(openLibc()).epochMs
}
