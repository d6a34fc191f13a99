import koffi, { type LibraryHandle } from 'koffi'

const WARNING = 0
const COMPLAINTS_MAX = 16
/** Of a verifier's log, which may be megabytes, its end says why. */
const COMPLAINT_BYTES_MAX = 4096

/**
 * Keeps the last warnings of libbpf instead of letting it print them. Gives the reader of what they say of a
 * program that was refused: its name and the kernel's reason, or an empty text.
 */
export function listenToLibbpf(libbpf: LibraryHandle, libc: LibraryHandle): () => string {
  const vasprintf = libc.func('int vasprintf(_Out_ uint64_t *text, const char *format, void *arguments)')
  const free = libc.func('void free(void *memory)')
  const setPrint = libbpf.func('void *libbpf_set_print(void *print)')
  const complaints: string[] = []
  const type = koffi.pointer(koffi.proto('int (int level, const char *format, void *arguments)'))
  setPrint(koffi.register(print, type))
  return () => reasonIn(complaints.join(''))

  function print(level: number, format: string, values: bigint): number {
    if (level !== WARNING) return 0
    const text = new BigUint64Array(1)
    const length: number = vasprintf(text, format, values)
    const [address = 0n] = text
    if (length < 0) return 0
    const from = Math.max(0, length - COMPLAINT_BYTES_MAX)
    complaints.push(Buffer.from(koffi.view(address + BigInt(from), length - from)).toString('latin1'))
    if (complaints.length > COMPLAINTS_MAX) complaints.shift()
    free(address)
    return 0
  }
}

/** From libbpf's warnings about a program that was not loaded: `name: last line of the verifier's log`. */
export function reasonIn(text: string): string {
  const program = /prog '(\w+)': (?:BPF program load failed|failed to load|failed to auto-attach)/.exec(
    text,
  )?.[1]
  if (program === undefined) return ''
  const lines = text.split('\n')
  const end = lines.findIndex((line) => line.includes('END PROG LOAD LOG'))
  const log = lines.slice(0, Math.max(end, 0))
  const reason = log.findLast(
    (line) => line !== '' && !/^(processed \d+ insns|verification time|stack depth)/.test(line),
  )
  return reason === undefined ? program : `${program}: ${reason}`
}
