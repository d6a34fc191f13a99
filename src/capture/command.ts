import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { OperatorError } from '../base/index.ts'

export interface RunningCommand {
  /** Exit code; 128 and the signal's number when a signal ended it, as shells say it. */
  readonly ended: Promise<number>
  signal(name: NodeJS.Signals): void
}

/**
 * Runs a command with our own standard streams. Rejects `ended` with an `OperatorError` when it cannot be
 * started.
 */
export function runCommand([file = '', ...args]: readonly string[]): RunningCommand {
  const child = spawn(file, args, { stdio: 'inherit' })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new OperatorError(
          'QTAP_COMMAND',
          `${file} cannot be run: ${error.message}`,
          'Check its name and path.',
        ),
      ),
    )
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
  return { ended, signal: (name) => void child.kill(name) }
}
