import koffi, { type LibraryHandle } from 'koffi'
import { OperatorError } from '../../base/index.ts'
import { listenToLibbpf } from './complaints.ts'

/** An address in this process, opaque to everything but libbpf and libc. */
export type Pointer = bigint | null

const LIBC_HINT = 'Run on a Linux with the GNU C library.'

export interface Libbpf {
  openFile(path: string): Pointer
  load(object: Pointer): number
  close(object: Pointer): void
  findProgram(object: Pointer, name: string): Pointer
  setAutoload(program: Pointer, autoload: boolean): number
  setExpectedAttachType(program: Pointer, type: number): number
  programFd(program: Pointer): number
  findMap(object: Pointer, name: string): Pointer
  nextMap(object: Pointer, previous: Pointer): Pointer
  mapName(map: Pointer): string
  mapFd(map: Pointer): number
  setMaxEntries(map: Pointer, entries: number): number
  attach(program: Pointer): Pointer
  attachUprobe(program: Pointer, onReturn: boolean, pid: number, path: string, offset: number): Pointer
  attachIter(program: Pointer): Pointer
  linkFd(link: Pointer): number
  iterCreate(linkFd: number): number
  destroyLink(link: Pointer): number
  updateElement(mapFd: number, key: Uint8Array, value: Uint8Array, flags: number): number
  deleteElement(mapFd: number, key: Uint8Array): number
  /** Error number of the last call that failed. */
  errno(): number
  /** Name of the program that was refused last, and why; empty when libbpf named none. */
  refusedProgram(): string
}

/**
 * The system's libbpf.so.1, called without a native addon. Its own messages are silenced; ours name what
 * failed.
 */
export function openLibbpf(): Libbpf {
  const lib = loadLibrary('libbpf.so.1', 'Install it: apt-get install libbpf1')
  const refusedProgram = listenToLibbpf(lib, loadLibrary('libc.so.6', LIBC_HINT))
  const attachIter = lib.func('void *bpf_program__attach_iter(void *program, void *options)')
  const openFile = lib.func('void *bpf_object__open_file(const char *path, void *options)')
  return {
    openFile: (path) => openFile(path, null),
    load: lib.func('int bpf_object__load(void *object)'),
    close: lib.func('void bpf_object__close(void *object)'),
    findProgram: lib.func('void *bpf_object__find_program_by_name(void *object, const char *name)'),
    setAutoload: lib.func('int bpf_program__set_autoload(void *program, bool autoload)'),
    setExpectedAttachType: lib.func('int bpf_program__set_expected_attach_type(void *program, int type)'),
    programFd: lib.func('int bpf_program__fd(void *program)'),
    findMap: lib.func('void *bpf_object__find_map_by_name(void *object, const char *name)'),
    nextMap: lib.func('void *bpf_object__next_map(void *object, void *previous)'),
    mapName: lib.func('const char *bpf_map__name(void *map)'),
    mapFd: lib.func('int bpf_map__fd(void *map)'),
    setMaxEntries: lib.func('int bpf_map__set_max_entries(void *map, uint32_t entries)'),
    attach: lib.func('void *bpf_program__attach(void *program)'),
    attachUprobe: lib.func('void *bpf_program__attach_uprobe(void *, bool, int, const char *, size_t)'),
    attachIter: (program) => attachIter(program, null),
    linkFd: lib.func('int bpf_link__fd(void *link)'),
    iterCreate: lib.func('int bpf_iter_create(int link)'),
    destroyLink: lib.func('int bpf_link__destroy(void *link)'),
    updateElement: lib.func('int bpf_map_update_elem(int map, void *key, void *value, uint64_t flags)'),
    deleteElement: lib.func('int bpf_map_delete_elem(int map, void *key)'),
    errno: () => koffi.errno(),
    refusedProgram,
  }
}

export interface MemoryWindow {
  readonly memory: ArrayBuffer
  /** `offset` is a multiple of the page size. */
  move(offset: number): void
}

export interface Libc {
  /**
   * Memory of a descriptor, shared with the kernel. Throws when it cannot be mapped. Never unmapped before
   * exit.
   */
  map(fd: number, offset: number, length: number, writable: boolean): ArrayBuffer
  /**
   * A part of a descriptor's memory, read only, that can be moved over it: the same addresses then show
   * another part.
   */
  mapWindow(fd: number, offset: number, length: number): MemoryWindow
  /** Makes the calling (main) thread a member of the network namespace behind the descriptor; 0 or -1. */
  enterNetwork(fd: number): number
  /** The bpf(2) system call; gives a descriptor or -1. */
  bpf(command: number, attributes: DataView): number
  /** Where the bytes lie, while they live. */
  addressOf(bytes: NodeJS.TypedArray): bigint
  close(fd: number): void
  /** Nanoseconds since boot, suspend included. */
  bootNs(): number
  /** Nanoseconds since 1970, by the machine's clock. */
  wallNs(): bigint
  /** Calls back once the descriptor is readable or the time is over; waits in a thread of its own. */
  waitReadable(fd: number, timeoutMs: number, done: () => void): void
}

const CLONE_NEWNET = 0x40000000
const CLOCK_REALTIME = 0
const CLOCK_BOOTTIME = 7
const PROT_READ = 1
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_FIXED = 0x10
const POLLIN = 1
const SYS_BPF = 321 // x86-64

export function openLibc(): Libc {
  const lib = loadLibrary('libc.so.6', LIBC_HINT)
  const mmap = lib.func(
    'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
  )
  const syscall = lib.func('long syscall(long number, int command, void *attributes, unsigned int size)')
  const close = lib.func('int close(int fd)')
  const setns = lib.func('int setns(int fd, int type)')
  const clockGettime = lib.func('int clock_gettime(int clock, _Out_ int64_t *time)')
  const poll = lib.func('int poll(void *descriptors, unsigned long count, int timeout)')
  // Lives as long as this object: another thread writes into it while it waits.
  const pollDescriptor = new Uint8Array(new ArrayBuffer(8))
  const pollView = new DataView(pollDescriptor.buffer)
  return {
    map,
    mapWindow,
    enterNetwork: (fd) => setns(fd, CLONE_NEWNET),
    bpf: (command, attributes) =>
      Number(syscall(SYS_BPF, command, new Uint8Array(attributes.buffer), attributes.byteLength)),
    addressOf: (bytes) => koffi.address(bytes),
    close: (fd) => void close(fd),
    bootNs,
    wallNs,
    waitReadable,
  }

  function map(fd: number, offset: number, length: number, writable: boolean): ArrayBuffer {
    return koffi.view(mapAt(null, fd, offset, length, writable ? PROT_READ_WRITE : PROT_READ), length)
  }

  function mapWindow(fd: number, offset: number, length: number): MemoryWindow {
    const address = mapAt(null, fd, offset, length, PROT_READ)
    const memory: ArrayBuffer = koffi.view(address, length)
    return { memory, move: (to) => void mapAt(address, fd, to, length, PROT_READ) }
  }

  function mapAt(address: Pointer, fd: number, offset: number, length: number, protection: number): Pointer {
    const flags = address === null ? MAP_SHARED : MAP_SHARED | MAP_FIXED
    const pointer: Pointer = mmap(address, length, protection, flags, fd, offset)
    if (pointer === null || pointer === 0xffff_ffff_ffff_ffffn)
      throw new OperatorError('QTAP_NO_MEMORY', 'The ring buffer cannot be mapped.', 'Free some memory.')
    return pointer
  }

  function bootNs(): number {
    const time = new BigInt64Array(2)
    clockGettime(CLOCK_BOOTTIME, time)
    return Number(time[0]) * 1e9 + Number(time[1])
  }

  function wallNs(): bigint {
    const time = new BigInt64Array(2)
    clockGettime(CLOCK_REALTIME, time)
    return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n)
  }

  function waitReadable(fd: number, timeoutMs: number, done: () => void): void {
    pollView.setInt32(0, fd, true)
    pollView.setInt16(4, POLLIN, true)
    poll.async(pollDescriptor, 1, timeoutMs, done)
  }
}

function loadLibrary(name: string, hint: string): LibraryHandle {
  try {
    return koffi.load(name)
  } catch {
    throw new OperatorError('QTAP_LIBRARY_MISSING', `${name} cannot be loaded.`, hint)
  }
}
