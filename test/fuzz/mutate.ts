import { mutateFrames } from './frames.ts'
import { type Action, allBytes, bounded, concat, type Input } from './input.ts'
import { type ByteSources, mutateBytes, tokenBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

/** So many changes at most make one input of another. */
const CHANGES_MAX = 6

interface Context extends ByteSources {
  readonly target: Target
  readonly otherInput: () => Input
}

type Mutator = (actions: readonly Action[], context: Context) => readonly Action[]

const BYTES_ONLY: readonly [Mutator, ...Mutator[]] = [changeBytes]
const MUTATORS: readonly [Mutator, ...Mutator[]] = [
  changeBytes,
  changeBytes,
  changeBytes,
  changeBytes,
  changeFrames,
  splitChunk,
  joinChunks,
  insertGap,
  swapSide,
  copyActions,
  removeActions,
  moveAction,
  insertChunk,
  spliceInput,
]

/** An input made of `parent` by a few changes. */
export function mutate(parent: Input, target: Target, random: Random, otherInput: () => Input): Input {
  const other = () => allBytes(otherInput())
  const context: Context = { target, random, tokens: target.tokens, otherInput, other }
  const mutators = target.plain ? BYTES_ONLY : MUTATORS
  const variant = random.once(20) ? random.below(target.variants) : parent.variant
  let { actions } = parent
  for (let changes = random.length(CHANGES_MAX); changes > 0; changes -= 1)
    actions = random.pick(mutators)(actions, context)
  return bounded({ variant, actions })
}

function changeBytes(actions: readonly Action[], context: Context): readonly Action[] {
  return withBytes(actions, context, (bytes) => mutateBytes(bytes, context))
}

function changeFrames(actions: readonly Action[], context: Context): readonly Action[] {
  const { frames } = context.target
  if (frames === undefined) return changeBytes(actions, context)
  return withBytes(actions, context, (bytes) =>
    mutateFrames(bytes, frames, context.random, (payload) => mutateBytes(payload, context)),
  )
}

function withBytes(
  actions: readonly Action[],
  { random }: Context,
  change: (bytes: Uint8Array) => Uint8Array,
): readonly Action[] {
  const at = random.below(actions.length)
  const action = actions[at]
  if (action?.kind !== 'bytes') return actions
  return actions.with(at, { ...action, bytes: change(action.bytes) })
}

function splitChunk(actions: readonly Action[], { random }: Context): readonly Action[] {
  const at = random.below(actions.length)
  const action = actions[at]
  if (action?.kind !== 'bytes' || action.bytes.length < 2) return actions
  const cut = 1 + random.below(action.bytes.length - 1)
  const halves = [action.bytes.subarray(0, cut), action.bytes.subarray(cut)]
  return actions.toSpliced(at, 1, ...halves.map((bytes) => ({ ...action, bytes })))
}

function joinChunks(actions: readonly Action[], { random }: Context): readonly Action[] {
  const at = random.below(actions.length)
  const action = actions[at]
  const next = actions[at + 1]
  if (action?.kind !== 'bytes' || next?.kind !== 'bytes' || action.from !== next.from) return actions
  return actions.toSpliced(at, 2, { ...action, bytes: concat([action.bytes, next.bytes]) })
}

/** A hole where bytes were, or where none were; of known length or not. */
function insertGap(actions: readonly Action[], { random }: Context): readonly Action[] {
  const at = random.below(actions.length)
  const action = actions[at]
  if (action?.kind !== 'bytes') return actions
  const { from, bytes } = action
  const begin = random.below(bytes.length)
  const removed = random.once(3) ? 0 : random.length(bytes.length - begin)
  const known = removed > 0 ? removed : random.length(4096)
  return actions.toSpliced(
    at,
    1,
    { ...action, bytes: bytes.subarray(0, begin) },
    { kind: 'gap', from, missingBytes: random.once(4) ? undefined : known },
    { ...action, bytes: bytes.subarray(begin + removed) },
  )
}

function swapSide(actions: readonly Action[], { random }: Context): readonly Action[] {
  const at = random.below(actions.length)
  const everything = random.once(8)
  return actions.map((action, index) => {
    if (!everything && index !== at) return action
    return { ...action, from: action.from === 'client' ? 'server' : 'client' }
  })
}

function copyActions(actions: readonly Action[], { random }: Context): readonly Action[] {
  const at = random.below(actions.length)
  const copied = actions.slice(at, at + random.length(4))
  return actions.toSpliced(random.below(actions.length + 1), 0, ...copied)
}

function removeActions(actions: readonly Action[], { random }: Context): readonly Action[] {
  if (actions.length < 2) return actions
  return actions.toSpliced(random.below(actions.length), random.length(3))
}

function moveAction(actions: readonly Action[], { random }: Context): readonly Action[] {
  const at = random.below(actions.length)
  const action = actions[at]
  if (action === undefined) return actions
  return actions.toSpliced(at, 1).toSpliced(random.below(actions.length), 0, action)
}

function insertChunk(actions: readonly Action[], context: Context): readonly Action[] {
  const from = context.random.once(2) ? 'client' : 'server'
  const chunk: Action = { kind: 'bytes', from, bytes: tokenBytes(context) }
  return actions.toSpliced(context.random.below(actions.length + 1), 0, chunk)
}

/** The beginning of this one, the end of another one. */
function spliceInput(actions: readonly Action[], { random, otherInput }: Context): readonly Action[] {
  const other = otherInput().actions
  return [...actions.slice(0, random.below(actions.length + 1)), ...other.slice(random.below(other.length))]
}
