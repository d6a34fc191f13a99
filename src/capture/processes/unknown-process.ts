import type { Process } from '../events.ts'

/** Of whom nothing is known. */
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
