import type { Side } from '../../src/connections/index.ts'
import { bytesOf, type Step } from '../support/decoder-script.ts'

/** One thing that happens to what is tested: bytes of a side, or a hole in them. */
export type Action =
  | { readonly kind: 'bytes'; readonly from: Side; readonly bytes: Uint8Array }
  | { readonly kind: 'gap'; readonly from: Side; readonly missingBytes: number | undefined }

/** What one run is fed. The end of the connection follows the last action. */
export interface Input {
  /** Which way of opening what is tested, such as joined late; each target has its own. */
  readonly variant: number
  readonly actions: readonly Action[]
}

export const INPUT_BYTES_MAX = 16 * 1024
export const ACTIONS_MAX = 96

export function bytesFrom(from: Side, bytes: Uint8Array | string): Action {
  return { kind: 'bytes', from, bytes: typeof bytes === 'string' ? bytesOf(bytes) : bytes }
}

/** One side, in one go. */
export function oneChunk(bytes: Uint8Array | string, variant = 0): Input {
  return { variant, actions: [bytesFrom('client', bytes)] }
}

export function lengthOf(input: Input): number {
  return input.actions.reduce((sum, action) => sum + (action.kind === 'bytes' ? action.bytes.length : 0), 0)
}

/** A copy, and no `Buffer`: whose `slice` would not copy. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Everything that any side sent, put together. */
export function allBytes(input: Input): Uint8Array {
  return concat(input.actions.flatMap((action) => (action.kind === 'bytes' ? [action.bytes] : [])))
}

/** FNV-1a over all actions: decides what a run leaves to chance, so that a rerun does the same. */
export function hashOf(input: Input): number {
  let hash = 0x811c9dc5 ^ input.variant
  for (const action of input.actions) {
    mix(action.from === 'client' ? 1 : 2)
    if (action.kind === 'gap') mix(action.missingBytes ?? 255)
    else for (const byte of action.bytes) mix(byte)
  }
  return hash >>> 0

  function mix(value: number): void {
    hash = Math.imul(hash ^ value, 0x01000193)
  }
}

/** As much of an input as a run takes. */
export function bounded(input: Input): Input {
  let left = INPUT_BYTES_MAX
  const actions: Action[] = []
  for (const action of input.actions.slice(0, ACTIONS_MAX)) {
    if (action.kind === 'gap') actions.push(action)
    else if (left > 0) {
      const bytes = action.bytes.length > left ? action.bytes.subarray(0, left) : action.bytes
      left -= bytes.length
      if (bytes.length > 0) actions.push({ ...action, bytes })
    }
  }
  return { variant: input.variant, actions }
}

/** As the tests of decoders write it, so that it can be put into one of them as it is. */
export function stepsFrom(input: Input): Step[] {
  return input.actions.map((action): Step => {
    const arrow = action.from === 'client' ? '>' : '<'
    if (action.kind === 'gap') return [`${arrow}?`, action.missingBytes]
    return [arrow, Buffer.from(action.bytes).toString('latin1')]
  })
}

export function inputFrom(steps: readonly Step[], variant = 0): Input {
  const actions = steps.flatMap((step): Action[] => {
    if (step[0] === 'x') return []
    const from = step[0].startsWith('>') ? 'client' : 'server'
    if (step[0] === '>' || step[0] === '<') return [bytesFrom(from, step[1])]
    return [{ kind: 'gap', from, missingBytes: typeof step[1] === 'number' ? step[1] : undefined }]
  })
  return { variant, actions }
}

/** One step a line. */
export function scriptText(target: string, input: Input, why: string): string {
  const steps = stepsFrom(input).map((step) => `    ${JSON.stringify(step)}`)
  const head = [target, input.variant, why].map((value) => JSON.stringify(value))
  return [
    `{ "target": ${head[0]}, "variant": ${head[1]}, "why": ${head[2]},`,
    `  "steps": [\n${steps.join(',\n')}\n  ]\n}\n`,
  ].join('\n')
}

export function readScript(text: string): { readonly target: string; readonly input: Input } {
  const script: { target: string; variant: number; steps: Step[] } = JSON.parse(text)
  return { target: script.target, input: inputFrom(script.steps, script.variant) }
}
