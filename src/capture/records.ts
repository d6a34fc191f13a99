import { CapturedBytes, type Emitter } from '../base/index.ts'
import type { CaptureEvent, Direction, Role, SecretLabel } from './events.ts'
import {
  wireBytes,
  wireClosed,
  wireDirection,
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
} from './generated/wire.ts'
import { ipText } from './ip-text.ts'
import { containerIdFrom } from './processes/container-id.ts'
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
  readonly stats: { records: number; bytesRecords: number; unknownKinds: number; processesIgnored: number }
}

export interface RecordReaderOptions {
  readonly events: Emitter<CaptureEvent>
  readonly processes: ProcessTable
  /** Called for every program start and every fork, before anything else of the process is seen. */
  readonly onStarted: (pid: number) => void
  readonly onFile: (file: FileMapped) => void
  /** True for processes that the operator does not want to see. */
  readonly ignored: (pid: number) => boolean
}

const LABELS: readonly (SecretLabel | undefined)[] = labelsByNumber()

export function recordReader({
  events,
  processes,
  onStarted,
  onFile,
  ignored,
}: RecordReaderOptions): RecordReader {
  const stats = { records: 0, bytesRecords: 0, unknownKinds: 0, processesIgnored: 0 }
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
        return processes.ended(view.getUint32(at + wireExit.process, true))
      default:
        stats.unknownKinds += 1
    }
  }

  function readBytes(view: DataView, at: number): void {
    const pid = view.getUint32(at + wireBytes.process, true)
    if (ignored(pid)) {
      stats.processesIgnored += 1
      return
    }
    stats.bytesRecords += 1
    events.emit({
      kind: 'bytes',
      key: number64(view, at + wireBytes.key),
      at: number64(view, at + wireBytes.at),
      direction: directionOf(view.getUint32(at + wireBytes.direction, true)),
      position: number64(view, at + wireBytes.position),
      length: view.getUint32(at + wireBytes.length, true),
      bytes: bytesAt(view, at + wireBytes.payload, view.getUint32(at + wireBytes.captured, true)),
      process: processes.find(pid),
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
      local: {
        ip: ipText(bytesAt(view, at + wireOpened.local, 16)),
        port: view.getUint16(at + wireOpened.localPort, true),
      },
      remote: {
        ip: ipText(bytesAt(view, at + wireOpened.remote, 16)),
        port: view.getUint16(at + wireOpened.remotePort, true),
      },
      joinedLate: view.getUint8(at + wireOpened.joinedLate) === 1,
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
    const pid = view.getUint32(at + wireSecret.process, true)
    if (label === undefined || ignored(pid)) return
    const random = view.getUint8(at + wireSecret.randomKnown) === 1
    events.emit({
      kind: 'secret',
      at: number64(view, at + wireSecret.at),
      process: processes.find(pid),
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
    processes.started({
      pid,
      parentPid: view.getUint32(at + wireExec.parent, true),
      startedAt: number64(view, at + wireExec.startedAt),
      exe: path,
      args: splitArgs(bytesAt(view, at + wireExec.args, view.getUint16(at + wireExec.argsLength, true))),
      userId: view.getUint32(at + wireExec.user, true),
      containerId: containerIdFrom([
        cText(view, at + wireExec.cgroup),
        cText(view, at + wireExec.cgroupParent),
        cText(view, at + wireExec.cgroup1),
        cText(view, at + wireExec.cgroup1Parent),
      ]),
    })
    onStarted(pid)
    onFile({
      pid,
      path,
      isProgram: true,
      device: view.getUint32(at + wireExec.device, true),
      inode: number64(view, at + wireExec.inode),
    })
  }

  /** A forked process runs its parent's program, so what is decided by the program is decided for it too. */
  function readFork(view: DataView, at: number): void {
    const pid = view.getUint32(at + wireFork.process, true)
    const parent = view.getUint32(at + wireFork.parent, true)
    processes.forked(pid, parent, number64(view, at + wireFork.startedAt))
    onStarted(pid)
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

function cText(view: DataView, at: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, wireLimit.cgroupBytes)
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
