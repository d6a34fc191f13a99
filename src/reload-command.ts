import { type Log, OperatorError } from './base/index.ts'
import { runningAgents } from './capture/index.ts'

const NOT_PERMITTED = 'EPERM'

/** `qtap reload-config`: asks every running agent of this host to read its configuration again. */
export function askToReload(log: Log, agents: readonly number[] = runningAgents(process.pid)): void {
  if (agents.length === 0) {
    throw new OperatorError('QTAP_NOT_RUNNING', 'could not find a running qtap process.', 'Start it first.')
  }
  for (const pid of agents) {
    log.info('sending SIGHUP signal to process', { pid })
    send(pid)
  }
}

function send(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP')
  } catch (error) {
    // One that has ended meanwhile reads nothing any more.
    if (!(error instanceof Error) || !('code' in error) || error.code !== NOT_PERMITTED) return
    const message = `process ${pid} belongs to somebody else.`
    throw new OperatorError('QTAP_NOT_PERMITTED', message, 'Do it as root.')
  }
}
