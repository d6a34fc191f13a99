import type { SecretLayout } from '../secret-calls/secret-calls.ts'
import type { Libbpf, Libc, Pointer } from './libbpf.ts'

const PROGRAMS = {
  'session-first': 'secret_plain',
  'label-first': 'secret_random',
} as const satisfies Record<SecretLayout, string>

// From linux/bpf.h.
const BPF_LINK_CREATE = 28
const BPF_TRACE_UPROBE_MULTI = 48

/** What the running kernel can do with uprobes. */
export interface ProbeAbilities {
  /** From 6.0 on a program may wait for a page of user memory. */
  readonly sleepable: boolean
  /**
   * From 6.6 on one link holds all places of a file: one wait for the kernel at detaching instead of one for
   * each.
   */
  readonly multi: boolean
}

export function probeAbilities(kernelVersion: number): ProbeAbilities {
  return { sleepable: kernelVersion >= 600, multi: kernelVersion >= 606 }
}

/**
 * Before loading: says which forms of the secret programs this kernel is to load, and how they will be
 * attached.
 */
export function chooseSecretPrograms(
  bpf: Libbpf,
  object: Pointer,
  { sleepable, multi }: ProbeAbilities,
): void {
  for (const name of Object.values(PROGRAMS)) {
    const plain = bpf.findProgram(object, name)
    const waiting = bpf.findProgram(object, `${name}_sleepable`)
    bpf.setAutoload(plain, !sleepable)
    bpf.setAutoload(waiting, sleepable)
    if (multi) bpf.setExpectedAttachType(sleepable ? waiting : plain, BPF_TRACE_UPROBE_MULTI)
  }
}

export interface SecretProbes {
  /** Attaches to instructions of a file, by their offsets in it; gives how many the kernel took. */
  attach(layout: SecretLayout, path: string, offsets: readonly number[]): number
  /** Detaches all. The kernel makes us wait for each link, some 0.1 s on recent ones. */
  close(): void
}

export function openSecretProbes(
  bpf: Libbpf,
  libc: Libc,
  object: Pointer,
  { sleepable, multi }: ProbeAbilities,
): SecretProbes {
  const links: Pointer[] = []
  const descriptors: number[] = []
  return { attach, close }

  function attach(layout: SecretLayout, path: string, offsets: readonly number[]): number {
    const program = bpf.findProgram(object, PROGRAMS[layout] + (sleepable ? '_sleepable' : ''))
    if (multi) return attachAll(bpf.programFd(program), path, offsets)
    return offsets.filter((offset) => attachOne(program, path, offset)).length
  }

  function attachOne(program: Pointer, path: string, offset: number): boolean {
    const link = bpf.attachUprobe(program, false, -1, path, offset)
    if (link) links.push(link)
    return Boolean(link)
  }

  /** The part of `union bpf_attr` that BPF_LINK_CREATE reads for uprobe_multi. */
  function attachAll(programFd: number, path: string, offsets: readonly number[]): number {
    const pathText = Buffer.from(`${path}\0`)
    const places = BigUint64Array.from(offsets, BigInt)
    const attributes = new DataView(new ArrayBuffer(64))
    attributes.setUint32(0, programFd, true)
    attributes.setUint32(8, BPF_TRACE_UPROBE_MULTI, true)
    attributes.setBigUint64(16, libc.addressOf(pathText), true)
    attributes.setBigUint64(24, libc.addressOf(places), true)
    attributes.setUint32(48, offsets.length, true)
    const descriptor = libc.bpf(BPF_LINK_CREATE, attributes)
    if (descriptor < 0) return 0
    descriptors.push(descriptor)
    // Named here once more, so that the memory they lie in outlives the call.
    return pathText.length > 0 ? places.length : 0
  }

  function close(): void {
    for (let link = links.pop(); link; link = links.pop()) bpf.destroyLink(link)
    for (let fd = descriptors.pop(); fd !== undefined; fd = descriptors.pop()) libc.close(fd)
  }
}
