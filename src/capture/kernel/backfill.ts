import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import type { Libbpf, Libc, Pointer } from './libbpf.ts'

/**
 * Lets the kernel report every TCP socket that is already connected, in each network namespace that a process
 * is in.
 * Gives how many namespaces could not be read.
 */
export function backfillSockets(bpf: Libbpf, libc: Libc, program: Pointer): number {
  const own = openSync('/proc/self/ns/net', 'r')
  const link = bpf.attachIter(program)
  let missed = 0
  if (!link) return 1
  try {
    for (const path of networkNamespaces()) missed += readNamespace(path) ? 0 : 1
  } finally {
    libc.enterNetwork(own)
    closeSync(own)
    bpf.destroyLink(link)
  }
  return missed

  function readNamespace(path: string): boolean {
    try {
      const namespace = openSync(path, 'r')
      const entered = libc.enterNetwork(namespace)
      closeSync(namespace)
      if (entered !== 0) return false
      const iterator = bpf.iterCreate(bpf.linkFd(link))
      if (iterator < 0) return false
      const buffer = Buffer.alloc(4096)
      while (readSync(iterator, buffer) > 0);
      closeSync(iterator)
      return true
    } catch {
      return false
    }
  }
}

/** One path for each distinct namespace. */
function networkNamespaces(): string[] {
  const paths = new Map<string, string>()
  for (const pid of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue
    const path = `/proc/${pid}/ns/net`
    try {
      const name = readlinkSync(path)
      if (!paths.has(name)) paths.set(name, path)
    } catch {
      // The process is gone, and so is what it could have told.
    }
  }
  return [...paths.values()]
}
