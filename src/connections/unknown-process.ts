import type { Process } from '../capture/index.ts'

/** Who works with a connection before anything said who. */
export const UNKNOWN_PROCESS: Process = {
  pid: -1,
  parentPid: -1,
  startedAt: -1,
  exe: '',
  binary: '',
  args: [],
  userId: -1,
  userName: '',
  hostname: '',
  ancestors: [],
  environment: {},
  strategy: 'observe',
  container: undefined,
  podUid: '',
  skips: 0,
}
