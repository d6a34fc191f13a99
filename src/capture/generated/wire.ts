// Generated from bpf/wire.h by scripts/generate-wire.ts. Do not edit.

export const wireLimit = {
  version: 2,
  pathBytes: 1024,
  argsBytes: 1024,
  cgroupBytes: 128,
  hostnameBytes: 64,
  environmentBytes: 1024,
  environmentPrefixes: 8,
  dnsBytes: 4096,
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
  accepted: 9,
  dns: 10,
  user: 11,
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

export const wireSkip = {
  skipData: 1,
  skipDns: 2,
  skipTls: 4,
  skipHttp: 8,
  skipAll: 15,
} as const

export const wireOpened = {
  byteLength: 72,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  key: 24,
  local: 32,
  remote: 48,
  localPort: 64,
  remotePort: 66,
  role: 68,
  joinedLate: 69,
  reserved: 70,
} as const

export const wireHeader = {
  byteLength: 24,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
} as const

export const wireAddresses = {
  byteLength: 36,
  local: 0,
  remote: 16,
  localPort: 32,
  remotePort: 34,
} as const

export const wireAccepted = {
  byteLength: 32,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  key: 24,
} as const

export const wireClosed = {
  byteLength: 48,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  key: 24,
  sent: 32,
  received: 40,
} as const

export const wireSecret = {
  byteLength: 120,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  session: 24,
  thread: 32,
  label: 36,
  length: 38,
  randomKnown: 39,
  random: 40,
  secret: 72,
} as const

export const wireExec = {
  byteLength: 3704,
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
  environmentLength: 48,
  environmentCut: 50,
  reserved: 51,
  cgroup: 56,
  cgroupParent: 184,
  cgroup1: 312,
  cgroup1Parent: 440,
  hostname: 568,
  path: 632,
  args: 1656,
  environment: 2680,
} as const

export const wireFork = {
  byteLength: 40,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  parentStartedAt: 24,
  parent: 32,
  reserved: 36,
} as const

export const wireExit = {
  byteLength: 24,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
} as const

export const wireUser = {
  byteLength: 32,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  user: 24,
  reserved: 28,
} as const

export const wireMapped = {
  byteLength: 1072,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  inode: 24,
  address: 32,
  device: 40,
  pathLength: 44,
  reserved: 46,
  path: 48,
} as const

export const wireShared = {
  byteLength: 590016,
  version: 0,
  ownProcess: 4,
  watch: 8,
  treeOnly: 12,
  readerWaits: 16,
  wakeBytes: 20,
  anyIgnored: 24,
  scarceBytes: 28,
  dnsSent: 32,
  padding: 36,
  environment: 64,
  environmentMasks: 128,
  counters: 192,
  modes: 65728,
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
  byteLength: 56,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  key: 24,
  position: 32,
  thread: 40,
  length: 44,
  captured: 48,
  direction: 52,
  payload: 56,
} as const

export const wireDns = {
  byteLength: 72,
  kind: 0,
  process: 4,
  at: 8,
  startedAt: 16,
  local: 24,
  remote: 40,
  localPort: 56,
  remotePort: 58,
  length: 60,
  captured: 64,
  direction: 68,
  payload: 72,
} as const
