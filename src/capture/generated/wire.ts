// Generated from bpf/wire.h by scripts/generate-wire.ts. Do not edit.

export const wireLimit = {
  version: 1,
  pathBytes: 1024,
  argsBytes: 1024,
  cgroupBytes: 128,
  modes: 65536,
  cpus: 512,
  callBytes: 2162688,
  detectBytes: 67108864,
} as const

export const wireKind = {
  opened: 1,
  bytes: 2,
  closed: 3,
  secret: 4,
  exec: 5,
  fork: 6,
  exit: 7,
  mapped: 8,
} as const

export const wireRole = {
  client: 1,
  server: 2,
} as const

export const wireDirection = {
  sent: 1,
  received: 2,
} as const

export const wireMode = {
  detect: 0,
  whole: 1,
  ignore: 2,
  heads: 16,
} as const

export const wireLabel = {
  clientRandom: 1,
  clientEarlyTrafficSecret: 2,
  clientHandshakeTrafficSecret: 3,
  serverHandshakeTrafficSecret: 4,
  clientTrafficSecret0: 5,
  serverTrafficSecret0: 6,
  exporterSecret: 7,
  earlyExporterSecret: 8,
} as const

export const wireWatch = {
  watchServer: 1,
  watchClientPublic: 2,
  watchClientPrivate: 4,
  watchLoopback: 8,
} as const

export const wireOpened = {
  byteLength: 64,
  kind: 0,
  process: 4,
  at: 8,
  key: 16,
  local: 24,
  remote: 40,
  localPort: 56,
  remotePort: 58,
  role: 60,
  joinedLate: 61,
  reserved: 62,
} as const

export const wireHeader = {
  byteLength: 16,
  kind: 0,
  process: 4,
  at: 8,
} as const

export const wireClosed = {
  byteLength: 40,
  kind: 0,
  process: 4,
  at: 8,
  key: 16,
  sent: 24,
  received: 32,
} as const

export const wireSecret = {
  byteLength: 112,
  kind: 0,
  process: 4,
  at: 8,
  session: 16,
  thread: 24,
  label: 28,
  length: 30,
  randomKnown: 31,
  random: 32,
  secret: 64,
} as const

export const wireExec = {
  byteLength: 2608,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  inode: 24,
  device: 32,
  parent: 36,
  user: 40,
  pathLength: 44,
  argsLength: 46,
  cgroup: 48,
  cgroupParent: 176,
  cgroup1: 304,
  cgroup1Parent: 432,
  path: 560,
  args: 1584,
} as const

export const wireFork = {
  byteLength: 32,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  parent: 24,
  reserved: 28,
} as const

export const wireExit = {
  byteLength: 16,
  kind: 0,
  process: 4,
  at: 8,
} as const

export const wireMapped = {
  byteLength: 1064,
  kind: 0,
  process: 4,
  at: 8,
  inode: 16,
  address: 24,
  device: 32,
  pathLength: 36,
  reserved: 38,
  path: 40,
} as const

export const wireShared = {
  byteLength: 589888,
  version: 0,
  ownProcess: 4,
  watch: 8,
  treeOnly: 12,
  readerWaits: 16,
  wakeBytes: 20,
  anyIgnored: 24,
  scarceBytes: 28,
  padding: 32,
  counters: 64,
  modes: 65600,
} as const

export const wireCounters = {
  byteLength: 128,
  recordsLost: 0,
  bytesLost: 8,
  bytesCopied: 16,
  callsOvertaken: 24,
  readsFailed: 32,
  socketsRefused: 40,
  secretsRefused: 48,
  calls32bit: 56,
  bytesLeftOut: 64,
  reserved: 72,
} as const

export const wireBytes = {
  byteLength: 48,
  kind: 0,
  process: 4,
  at: 8,
  key: 16,
  position: 24,
  thread: 32,
  length: 36,
  captured: 40,
  direction: 44,
  payload: 48,
} as const
