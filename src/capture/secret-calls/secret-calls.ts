/**
 * Which registers hold what when the call is made (System V, x86-64).
 * `session-first`: `f(session, label, secret, length)` in rdi, rsi, rdx, rcx.
 * `label-first`: `f(label, session, random, 32, secret, length)` in rdi, rsi, rdx, rcx, r8, r9.
 */
export type SecretLayout = 'session-first' | 'label-first'

/** Where a file hands out TLS secrets, as file offsets: that is what a uprobe takes. */
export interface SecretCallsFound {
  readonly kind: 'found'
  readonly layout: SecretLayout
  /** First instruction of the function that is handed the secrets, or of its entry in the linkage table. */
  readonly functionOffset: number
  /** Calls (`e8`) and tail calls (`e9`) of the function, ascending. The kernel emulates both instructions. */
  readonly callOffsets: readonly number[]
  /** How many different label strings agreed on the function: at least two. */
  readonly labels: number
  /** The function's address is taken somewhere, so the calls listed may not be all: attach to it as well. */
  readonly attachFunction: boolean
}

/**
 * `none`: no label strings, so not a TLS library of the sort searched for.
 * `not found`: a TLS library that cannot be read in this way; `why` is a sentence part for the user.
 */
export type SecretCalls = SecretCallsFound | { readonly kind: 'none' } | SecretCallsNotFound

export interface SecretCallsNotFound {
  readonly kind: 'not found'
  readonly why: string
}
