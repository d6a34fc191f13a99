export { type Capture, type CaptureOptions, openCapture } from './capture.ts'
export { programFiles, type RunningCommand, runCommand } from './command.ts'
export type {
  CaptureEvent,
  ConnectionKey,
  Direction,
  Endpoint,
  Process,
  Role,
  SecretLabel,
  SocketBytes,
  SocketClosed,
  SocketOpened,
  TimePassed,
  TlsSecret,
} from './events.ts'
export { machineBootNs } from './kernel/open.ts'
export { ringBytesFor } from './kernel/ring.ts'
export type { CopyMode, KernelCounters } from './kernel/shared.ts'
export {
  type CapturedDirection,
  type ExeFilter,
  type FilterGroup,
  matcherOf,
  readTap,
  TAP_NOT_BUILT,
  type Tap,
  TapOptions,
} from './options.ts'
export {
  type RecordingHeader,
  type RecordingWriter,
  readRecordingHeader,
  readRecordingLine,
  replayInto,
  writeRecording,
} from './recording.ts'
