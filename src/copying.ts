import type { Source } from './base/index.ts'
import type { Capture, CopyMode } from './capture/index.ts'
import type { Connection, StreamEvent } from './connections/index.ts'
import type { Decoded } from './decoders/index.ts'

/**
 * Of a connection that nobody has judged the kernel side copies 64 MiB of each direction, then only the
 * beginning of each call (`copy_limit` in `bpf/calls.h`). One that is decoded is judged long before, and
 * again each time it moved so much: another connection may have taken its place in the kernel's table.
 */
const JUDGED_EVERY_BYTES = 8 << 20

/**
 * Tells the kernel to leave alone what nobody here can read or wants, and to go on with what is decoded.
 * `leftAlone` is `heads` where somebody wants to know when bytes pass, whatever they are.
 */
export function chooseCopying(
  { setMode }: Pick<Capture, 'setMode'>,
  streams: Source<StreamEvent>,
  decoded: Source<Decoded>,
  isWatched: () => boolean,
  leftAlone: CopyMode = 'ignore',
): void {
  const judgedAt = new WeakMap<Connection, number>()
  // Where nothing is made of exchanges, the first bytes are still looked at: they say what connections carry.
  streams.listen(({ kind, connection }) => {
    if (kind === 'unreadable') setMode(connection.key, leftAlone)
  })
  decoded.listen(({ connection, messages }) => {
    if (messages.at(-1)?.kind === 'opaque' || !isWatched()) setMode(connection.key, leftAlone)
    else goOn(connection)
  })

  function goOn(connection: Connection): void {
    const { sent, received } = connection
    const bytes = sent.capturedBytes + sent.missingBytes + received.capturedBytes + received.missingBytes
    if (bytes < JUDGED_EVERY_BYTES) return
    const turn = Math.floor(bytes / JUDGED_EVERY_BYTES)
    if (judgedAt.get(connection) === turn) return
    judgedAt.set(connection, turn)
    setMode(connection.key, 'whole')
  }
}
