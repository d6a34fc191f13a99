import { CapturedBytes, type Emitter } from '../base/index.ts'
import {
  type CaptureEvent,
  type Direction,
  type Endpoint,
  type Process,
  type Role,
  type SecretLabel,
  SKIP,
} from './events.ts'
import {
  wireAccepted,
  wireBytes,
  wireClosed,
  wireDirection,
  wireDns,
  wireExec,
  wireExit,
  wireFork,
  wireHeader,
  wireKind,
  wireLabel,
  wireLimit,
  wireMapped,
  wireOpened,
  wireRole,
  wireSecret,
  wireUser,
} from './generated/wire.ts'
import { ipText } from './ip-text.ts'
import { cgroupFactsFrom } from './processes/container-id.ts'
import { pickEnvironment, type WantedEnvironment } from './processes/environment.ts'
import { splitArgs } from './processes/proc.ts'
import type { ProcessTable } from './processes/table.ts'

/** A file that a process has just mapped executable for the first time on this host. */
export interface FileMapped {
  readonly pid: number
  readonly device: number
  readonly inode: number
  /** As the process sees it; empty when it was too long. */
  readonly path: string
  /** The program that was started, not a library of it. */
  readonly isProgram: boolean
}

export interface RecordReader {
  /**
   * Turns the record that lies in `view` from `at` on into events. What they carry is borrowed from `view`.
   */
  read(view: DataView, at: number): void
  readonly stats: { records: number; bytesRecords: number; unknownKinds: number; recordsSkipped: number }
}

export interface RecordReaderOptions {
  readonly events: Emitter<CaptureEvent>
  readonly processes: ProcessTable
  /** Which variables are taken from a record; all others end here. */
  readonly wanted: () => WantedEnvironment
  /** Called for every program that was started, before anything else of the process is seen. */
  readonly onStarted: (process: Process) => void
  /** `at` is when the kernel said so. */
  readonly onForked: (process: Process, at: number) => void
  readonly onEnded: (pid: number) => void
  readonly onFile: (file: FileMapped) => void
  /** Called for what the kernel gave although it is to be left out: it was not told in time. */
  readonly onSkipped: (process: Process) => void
}

const LABELS: readonly (SecretLabel | undefined)[] = labelsByNumber()

export function recordReader({
  events,
  processes,
  wanted,
  onStarted,
  onForked,
  onEnded,
  onFile,
  onSkipped,
}: RecordReaderOptions): RecordReader {
  const stats = { records: 0, bytesRecords: 0, unknownKinds: 0, recordsSkipped: 0 }
  return { read, stats }

  function read(view: DataView, at: number): void {
    stats.records += 1
    const kind = view.getUint32(at + wireHeader.kind, true)
    switch (kind) {
      case wireKind.bytes:
        return readBytes(view, at)
      case wireKind.opened:
        return readOpened(view, at)
      case wireKind.closed:
        return readClosed(view, at)
      case wireKind.secret:
        return readSecret(view, at)
      case wireKind.exec:
        return readExec(view, at)
      case wireKind.mapped:
        return readMapped(view, at)
      case wireKind.fork:
        return readFork(view, at)
      case wireKind.exit:
        return readExit(view, at)
      case wireKind.accepted:
        return readAccepted(view, at)
      case wireKind.dns:
        return readDns(view, at)
      case wireKind.user:
        return readUser(view, at)
      default:
        stats.unknownKinds += 1
    }
  }

  function processAt(view: DataView, at: number): Process {
    const pid = view.getUint32(at + wireHeader.process, true)
    return processes.find(pid, number64(view, at + wireHeader.startedAt))
  }

  /** True when the record is of a part that is left out of this process's traffic. */
  function isSkipped(process: Process, part: number): boolean {
    if ((process.skips & part) === 0) return false
    stats.recordsSkipped += 1
    onSkipped(process)
    return true
  }

  /** Where only bytes are left out, it is still said who moved how many. */
  function readBytes(view: DataView, at: number): void {
    const process = processAt(view, at)
    let captured = view.getUint32(at + wireBytes.captured, true)
    if (process.skips !== 0) {
      if (process.skips === SKIP.all && isSkipped(process, SKIP.all)) return
      if (captured > 0 && isSkipped(process, SKIP.data)) captured = 0
    }
    stats.bytesRecords += 1
    events.emit({
      kind: 'bytes',
      key: number64(view, at + wireBytes.key),
      at: number64(view, at + wireBytes.at),
      direction: directionOf(view.getUint32(at + wireBytes.direction, true)),
      position: number64(view, at + wireBytes.position),
      length: view.getUint32(at + wireBytes.length, true),
      bytes: bytesAt(view, at + wireBytes.payload, captured),
      process,
      thread: view.getUint32(at + wireBytes.thread, true),
    })
  }

  function readOpened(view: DataView, at: number): void {
    const role: Role = view.getUint8(at + wireOpened.role) === wireRole.client ? 'client' : 'server'
    events.emit({
      kind: 'opened',
      key: number64(view, at + wireOpened.key),
      at: number64(view, at + wireOpened.at),
      role,
      local: endpointAt(view, at + wireOpened.local, at + wireOpened.localPort),
      remote: endpointAt(view, at + wireOpened.remote, at + wireOpened.remotePort),
      joinedLate: view.getUint8(at + wireOpened.joinedLate) === 1,
      process: view.getUint32(at + wireOpened.process, true) === 0 ? undefined : processAt(view, at),
    })
  }

  function readAccepted(view: DataView, at: number): void {
    events.emit({
      kind: 'accepted',
      key: number64(view, at + wireAccepted.key),
      at: number64(view, at + wireAccepted.at),
      process: processAt(view, at),
    })
  }

  function readDns(view: DataView, at: number): void {
    const process = processAt(view, at)
    if (isSkipped(process, SKIP.dns)) return
    events.emit({
      kind: 'dns',
      at: number64(view, at + wireDns.at),
      process,
      local: endpointAt(view, at + wireDns.local, at + wireDns.localPort),
      remote: endpointAt(view, at + wireDns.remote, at + wireDns.remotePort),
      direction: directionOf(view.getUint32(at + wireDns.direction, true)),
      length: view.getUint32(at + wireDns.length, true),
      bytes: bytesAt(view, at + wireDns.payload, view.getUint32(at + wireDns.captured, true)),
    })
  }

  function readClosed(view: DataView, at: number): void {
    events.emit({
      kind: 'closed',
      key: number64(view, at + wireClosed.key),
      at: number64(view, at + wireClosed.at),
      sentBytes: number64(view, at + wireClosed.sent),
      receivedBytes: number64(view, at + wireClosed.received),
    })
  }

  function readSecret(view: DataView, at: number): void {
    const label = LABELS[view.getUint16(at + wireSecret.label, true)]
    if (label === undefined) return
    const process = processAt(view, at)
    if (isSkipped(process, SKIP.tls)) return
    const random = view.getUint8(at + wireSecret.randomKnown) === 1
    events.emit({
      kind: 'secret',
      at: number64(view, at + wireSecret.at),
      process,
      thread: view.getUint32(at + wireSecret.thread, true),
      session: number64(view, at + wireSecret.session),
      label,
      secret: new CapturedBytes(
        bytesAt(view, at + wireSecret.secret, view.getUint8(at + wireSecret.length)).slice(),
      ),
      clientRandom: random ? bytesAt(view, at + wireSecret.random, 32).slice() : undefined,
    })
  }

  function readExec(view: DataView, at: number): void {
    const pid = view.getUint32(at + wireExec.process, true)
    const path = text(view, at + wireExec.path, view.getUint16(at + wireExec.pathLength, true))
    const started = processes.started({
      pid,
      parentPid: view.getUint32(at + wireExec.parent, true),
      startedAt: number64(view, at + wireExec.startedAt),
      exe: path,
      args: splitArgs(bytesAt(view, at + wireExec.args, view.getUint16(at + wireExec.argsLength, true))),
      userId: view.getUint32(at + wireExec.user, true),
      hostname: cText(view, at + wireExec.hostname, wireLimit.hostnameBytes),
      environment: environmentAt(view, at),
      ...cgroupFactsFrom([
        cText(view, at + wireExec.cgroup, wireLimit.cgroupBytes),
        cText(view, at + wireExec.cgroupParent, wireLimit.cgroupBytes),
        cText(view, at + wireExec.cgroup1, wireLimit.cgroupBytes),
        cText(view, at + wireExec.cgroup1Parent, wireLimit.cgroupBytes),
      ]),
    })
    onStarted(started)
    onFile({
      pid,
      path,
      isProgram: true,
      device: view.getUint32(at + wireExec.device, true),
      inode: number64(view, at + wireExec.inode),
    })
  }

  /** Undefined when something is missing that is wanted. */
  function environmentAt(view: DataView, at: number): Readonly<Record<string, string>> | undefined {
    const { names, beyond } = wanted()
    if (beyond || view.getUint8(at + wireExec.environmentCut) === 1) return undefined
    const length = view.getUint16(at + wireExec.environmentLength, true)
    return length === 0 ? {} : pickEnvironment(bytesAt(view, at + wireExec.environment, length), names)
  }

  /** A forked process runs its parent's program, so what is decided by the program is decided for it too. */
  function readFork(view: DataView, at: number): void {
    const forked = processes.forked(
      view.getUint32(at + wireFork.process, true),
      number64(view, at + wireFork.startedAt),
      view.getUint32(at + wireFork.parent, true),
      number64(view, at + wireFork.parentStartedAt),
    )
    if (forked !== undefined) onForked(forked, number64(view, at + wireFork.at))
  }

  function readExit(view: DataView, at: number): void {
    const pid = view.getUint32(at + wireExit.process, true)
    processes.ended(pid, number64(view, at + wireExit.startedAt))
    onEnded(pid)
  }

  function readUser(view: DataView, at: number): void {
    const pid = view.getUint32(at + wireUser.process, true)
    const startedAt = number64(view, at + wireUser.startedAt)
    processes.changedUser(pid, startedAt, view.getUint32(at + wireUser.user, true))
  }

  function readMapped(view: DataView, at: number): void {
    onFile({
      pid: view.getUint32(at + wireMapped.process, true),
      isProgram: false,
      path: text(view, at + wireMapped.path, view.getUint16(at + wireMapped.pathLength, true)),
      device: view.getUint32(at + wireMapped.device, true),
      inode: number64(view, at + wireMapped.inode),
    })
  }
}

/** Exact up to 2^53: keys, positions, and times of 104 days to the nanosecond. */
function number64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true)
}

function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length)
}

function text(view: DataView, at: number, length: number): string {
  return Buffer.from(view.buffer, view.byteOffset + at, length).toString('utf8')
}

function endpointAt(view: DataView, ipAt: number, portAt: number): Endpoint {
  return { ip: ipText(bytesAt(view, ipAt, 16)), port: view.getUint16(portAt, true) }
}

/** Text that ends with a NUL, unless it fills its room. */
function cText(view: DataView, at: number, room: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, room)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
}

function directionOf(value: number): Direction {
  return value === wireDirection.sent ? 'sent' : 'received'
}

function labelsByNumber(): (SecretLabel | undefined)[] {
  const labels: (SecretLabel | undefined)[] = []
  labels[wireLabel.clientRandom] = 'CLIENT_RANDOM'
  labels[wireLabel.clientEarlyTrafficSecret] = 'CLIENT_EARLY_TRAFFIC_SECRET'
  labels[wireLabel.clientHandshakeTrafficSecret] = 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'
  labels[wireLabel.serverHandshakeTrafficSecret] = 'SERVER_HANDSHAKE_TRAFFIC_SECRET'
  labels[wireLabel.clientTrafficSecret0] = 'CLIENT_TRAFFIC_SECRET_0'
  labels[wireLabel.serverTrafficSecret0] = 'SERVER_TRAFFIC_SECRET_0'
  labels[wireLabel.exporterSecret] = 'EXPORTER_SECRET'
  labels[wireLabel.earlyExporterSecret] = 'EARLY_EXPORTER_SECRET'
  return labels
}
