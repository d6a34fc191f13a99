import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants as files, openSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
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

/**
 * The files that a command's first process will run: its program, found as the shell finds it, and for a
 * script what its first line names. Files that are searched for TLS before the command starts miss no
 * handshake of it.
 */
export function programFiles(name: string, path = process.env['PATH'] ?? ''): readonly string[] {
  if (name === '') return []
  const found = name.includes('/')
    ? name
    : path
        .split(delimiter)
        .map((folder) => join(folder, name))
        .find(isProgram)
  if (found === undefined || !isProgram(found)) return []
  const [, interpreter = '', argument = ''] = /^#!\s*(\S+)[ \t]*(\S*)/.exec(firstLine(found)) ?? []
  if (interpreter === '') return [found]
  return [
    found,
    interpreter,
    ...(interpreter.endsWith('/env') && argument !== name ? programFiles(argument, path) : []),
  ]
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, files.X_OK)
    return true
  } catch {
    return false
  }
}

function firstLine(path: string): string {
  const fd = openSync(path, 'r')
  try {
    const start = Buffer.alloc(256)
    return start.toString('latin1', 0, readSync(fd, start)).split('\n', 1)[0] ?? ''
  } catch {
    return ''
  } finally {
    closeSync(fd)
  }
}
