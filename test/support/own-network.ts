import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ended, Workshop } from './programs.ts'

const HOSTS = new URL('../e2e/programs/named-hosts.js', import.meta.url).pathname
const HOSTS_END_AFTER_S = 110

/** A network namespace with one address, where a name server knows every name as that address. */
export interface OwnNetwork {
  readonly address: string
  /** What the resolver of programs that start from now on reads, behind the line about the name server. */
  resolveBy(options: string): void
  run(file: string, ...words: readonly string[]): Promise<Ended>
  /** To be called once nothing runs in it any more. */
  close(): void
}

let networks = 0

/**
 * Port 53 answers by UDP and TCP, port 80 by HTTP: `answer N` with the status N that the path begins with,
 * and `named` otherwise.
 */
export async function openNetwork(workshop: Workshop): Promise<OwnNetwork> {
  networks += 1
  const name = `qtap-${process.pid}-${networks}`
  const address = `10.77.${process.pid % 256}.${networks}`
  const settings = join('/etc/netns', name)
  ip('netns', 'add', name)
  ip('-n', name, 'link', 'set', 'lo', 'up')
  ip('-n', name, 'addr', 'add', `${address}/32`, 'dev', 'lo')
  mkdirSync(settings, { recursive: true })
  resolveBy('')
  const words = [process.execPath, HOSTS, address, String(HOSTS_END_AFTER_S)]
  const hosts = workshop.start('ip', ['netns', 'exec', name, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (hosts.stdout === null) throw new Error('started without pipes')
  await once(hosts.stdout, 'data')
  return {
    address,
    resolveBy,
    run: (file, ...rest) => workshop.run('ip', ['netns', 'exec', name, file, ...rest]),
    close,
  }

  function resolveBy(options: string): void {
    writeFileSync(join(settings, 'resolv.conf'), `nameserver ${address}\n${options}`)
  }

  function close(): void {
    ip('netns', 'del', name)
    rmSync(settings, { recursive: true })
  }
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words)
}
