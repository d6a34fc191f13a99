import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'

const GRACE_MS = 5_000

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Programs and files of one test file. Whatever still runs at its end is ended, by its number. */
export interface Workshop {
  readonly folder: string
  /** Starts a program that goes on running. */
  start(file: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  /** Runs a program to its end, which must be a good one, and gives what it wrote. */
  run(file: string, args: readonly string[], options?: SpawnOptions): Promise<Ended>
  /** The same, however it ends. */
  runAnyhow(file: string, args: readonly string[], options?: SpawnOptions): Promise<Ended>
  close(): Promise<void>
}

export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-e2e-'))
  const running = new Set<ChildProcess>()
  return { folder, start, run, runAnyhow, close }

  function start(file: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    running.add(child)
    child.once('close', () => running.delete(child))
    return child
  }

  async function run(file: string, args: readonly string[], options?: SpawnOptions): Promise<Ended> {
    const ended = await runAnyhow(file, args, options)
    expect(ended, `${file} ${args.join(' ')}\n${ended.stderr}`).toMatchObject({ code: 0, signal: null })
    return ended
  }

  function runAnyhow(file: string, args: readonly string[], options?: SpawnOptions): Promise<Ended> {
    const child = start(file, args, options)
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout?.on('data', (bytes: Buffer) => stdout.push(bytes))
    child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) =>
        resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
      )
    })
  }

  async function close(): Promise<void> {
    await Promise.all([...running].map(end))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Politely, so that it ends its own children; what takes too long is ended anyway. */
async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('close', resolve))
  const patience = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  child.kill('SIGTERM')
  await gone
  clearTimeout(patience)
}

/** Path of a program's file, as the kernel tells it. */
export function pathOf(program: string): string {
  return realpathSync(execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim())
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject()))
    })
  })
}

/** Resolves once somebody listens there. */
export async function connectable(port: number): Promise<void> {
  const tried = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
  if (!tried) await new Promise(setImmediate).then(() => connectable(port))
}

export interface Certificate {
  readonly keyFile: string
  readonly certificateFile: string
}

/** A new key and a certificate for `localhost` and 127.0.0.1, signed by itself. */
export async function makeCertificate(workshop: Workshop): Promise<Certificate> {
  const keyFile = join(workshop.folder, 'key.pem')
  const certificateFile = join(workshop.folder, 'certificate.pem')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  await workshop.run('openssl', ['req', '-x509', '-days', '2', ...key, ...names, '-out', certificateFile])
  return { keyFile, certificateFile }
}
