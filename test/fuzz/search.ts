import { watchCoverage } from './coverage.ts'
import { signatureOf } from './finding.ts'
import { checkGrowth, leastMs, SlowInput } from './growth.ts'
import { type Input, lengthOf } from './input.ts'
import { minimise } from './minimise.ts'
import { mutate } from './mutate.ts'
import { seededRandom } from './random.ts'
import type { Target } from './target.ts'

/** Coverage is asked for after so many runs; only when it grew, each of them is run again. */
const BATCH_RUNS = 64
/** Of the corpus, so many that were found last are taken half of the time. */
const RECENT = 48
const GROWTH_EVERY_RUNS = 400
/** No input of this size takes so long unless something is wrong. */
const SLOW_MS = 60
const FINDINGS_MAX = 20
const NOTHING: Input = { variant: 0, actions: [] }

export interface Progress {
  runs: number
  /** Of the code under test. */
  percent: number
  corpus: number
  findings: number
}

export interface Found {
  readonly signature: string
  readonly error: unknown
  readonly input: Input
}

export interface SearchOptions {
  readonly target: Target
  readonly seed: number
  /** Inputs kept by an earlier search. */
  readonly known: readonly Input[]
  readonly goesOn: (progress: Progress) => boolean
  readonly onFound: (found: Found) => void
  readonly onKept: (input: Input) => void
}

/** Runs inputs that are made from those which reached something new, until it is told to end. */
export async function search({
  target,
  seed,
  known,
  goesOn,
  onFound,
  onKept,
}: SearchOptions): Promise<Progress> {
  const random = seededRandom(seed)
  const corpus: Input[] = []
  const traits = new Set<string>()
  const signatures = new Set<string>()
  const progress: Progress = { runs: 0, percent: 0, corpus: 0, findings: 0 }
  const seeds = await target.seeds()
  const coverage = watchCoverage(target.covers)
  try {
    for (const input of [...seeds, ...known]) {
      if (!runOne(input)) continue
      coverage.learn(coverage.take())
      corpus.push(input)
    }
    while (update() && progress.findings < FINDINGS_MAX) batch()
  } finally {
    coverage.stop()
  }
  return progress

  function update(): boolean {
    progress.percent = coverage.percent()
    progress.corpus = corpus.length
    return goesOn(progress)
  }

  function batch(): void {
    const ran: Input[] = []
    for (let count = 0; count < BATCH_RUNS; count += 1) {
      const input = mutate(pickInput(), target, random, pickInput)
      const before = traits.size
      if (!runOne(input)) continue
      if (traits.size > before) keep(input)
      else ran.push(input)
      if (progress.runs % GROWTH_EVERY_RUNS === 0) growOne(input)
    }
    if (!coverage.isNew(coverage.take())) return
    keepNew(ran)
  }

  /** Finds out which of them got somewhere, by running halves of them again. */
  function keepNew(inputs: readonly Input[]): void {
    for (const input of inputs) runOne(input)
    const reached = coverage.take()
    if (!coverage.isNew(reached)) return
    const [only] = inputs
    if (inputs.length === 1 && only !== undefined) {
      coverage.learn(reached)
      keep(only)
      return
    }
    keepNew(inputs.slice(0, inputs.length >> 1))
    keepNew(inputs.slice(inputs.length >> 1))
  }

  function pickInput(): Input {
    const recent = random.once(2) ? Math.min(RECENT, corpus.length) : corpus.length
    const one = corpus[corpus.length - 1 - random.below(recent)] ?? NOTHING
    if (random.once(4)) return one
    // Short ones run faster, and a change of theirs changes more.
    const other = corpus[corpus.length - 1 - random.below(recent)] ?? NOTHING
    return lengthOf(one) < lengthOf(other) ? one : other
  }

  function keep(input: Input): void {
    corpus.push(input)
    onKept(input)
  }

  /** False when it showed a mistake: such an input is no parent, or its children all show the same one. */
  function runOne(input: Input): boolean {
    progress.runs += 1
    const started = performance.now()
    try {
      target.check(input, traits)
    } catch (error) {
      report(input, error)
      return false
    }
    if (performance.now() - started > SLOW_MS) return isFast(input)
    return true
  }

  function isFast(input: Input): boolean {
    const ms = leastMs(target, input, 3)
    if (ms < SLOW_MS) return true
    report(input, new SlowInput(input, `${lengthOf(input)} bytes take ${ms} ms`))
    return false
  }

  function growOne(input: Input): void {
    try {
      checkGrowth(input, target, random)
    } catch (error) {
      report(error instanceof SlowInput ? error.input : input, error)
    }
  }

  function report(input: Input, error: unknown): void {
    const signature = signatureOf(error)
    if (signatures.has(signature)) return
    signatures.add(signature)
    progress.findings += 1
    const isSlow = error instanceof SlowInput
    onFound({
      signature,
      error,
      input: isSlow ? input : minimise(input, (smaller) => shows(smaller, signature)),
    })
  }

  function shows(input: Input, signature: string): boolean {
    try {
      target.check(input, new Set())
      return false
    } catch (error) {
      return signatureOf(error) === signature
    }
  }
}
