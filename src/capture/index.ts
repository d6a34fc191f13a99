export { type Capture, type CaptureOptions, openCapture } from './capture.ts'
export { programFiles, type RunningCommand, runCommand } from './command.ts'
export type { ContainerSockets } from './containers/containers.ts'
export {
  type Ancestor,
  type CaptureEvent,
  type ConnectionKey,
  type Container,
  type ContainerFacts,
  type ContainerLife,
  type Direction,
  type DnsDatagram,
  type Endpoint,
  type Pod,
  type Process,
  type Role,
  type SecretLabel,
  SKIP,
  type SocketAccepted,
  type SocketBytes,
  type SocketClosed,
  type SocketOpened,
  type Strategy,
  type TimePassed,
  type TlsSecret,
} from './events.ts'
export { ipText } from './ip-text.ts'
export { machineBootEpochMs, machineBootNs } from './kernel/open.ts'
export { ringBytesFor } from './kernel/ring.ts'
export type { CopyMode, KernelCounters } from './kernel/shared.ts'
export {
  type CapturedDirection,
  type EndpointStacks,
  type ExeFilter,
  type FilterGroup,
  matcherOf,
  type ProtocolStacks,
  readTap,
  type Tap,
  TapOptions,
  type TapSection,
} from './options.ts'
export { runningAgents } from './processes/agents.ts'
export { OWN_VARIABLES } from './processes/environment.ts'
export { UNKNOWN_PROCESS } from './processes/unknown-process.ts'
export {
  type RecordingHeader,
  type RecordingWriter,
  type ReplayOptions,
  readRecordingHeader,
  readRecordingLine,
  replayInto,
  writeRecording,
} from './recording.ts'
