import type { Header } from '../../message.ts'

/** What one header block says. */
export interface FieldBlock {
  /** In wire order, pseudo fields included. */
  readonly fields: readonly Header[]
  /** Fields whose entry was made before we listened, or was lost with a gap: `dynamic index 65`. */
  readonly unknownFields: readonly string[]
  /** The block is not HPACK (RFC 7541 §6): what stands before the mistake is given. */
  readonly broken: boolean
  /** Fields were left out because of the limit on a block's size; the table is right all the same. */
  readonly cut: boolean
}

/** The header compression of one direction (RFC 7541), as one reads it who may have come late. */
export interface Hpack {
  /** `block` is whole (CONTINUATION put together) and borrowed. Never throws. */
  decode(block: Uint8Array): FieldBlock
  /**
   * SETTINGS_HEADER_TABLE_SIZE of the side that decodes, once it is acknowledged; Infinity when it may have
   * changed unseen.
   */
  setTableBytesMax(bytes: number): void
  /** A header block was lost, so nobody knows how many entries were made since. */
  lose(): void
  /** False while there may be entries that were never seen. */
  readonly exact: boolean
}
