/**
 * Searches for input that breaks what reads strangers' bytes:
 *
 *   npm run fuzz -- TARGET|all [--minutes 10] [--seed N] [--corpus DIR]
 *   npm run fuzz -- --rerun FILE
 *
 * Inputs that reach something new are kept in DIR and begin the next search; with a seed none are read, so
 * that a run can be repeated. What breaks a rule is made small and written beside them. Ends with 1 then.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { describeError, signatureOf } from './finding.ts'
import { leastMs } from './growth.ts'
import { type Input, lengthOf, readScript, scriptText } from './input.ts'
import { type Found, type Progress, search } from './search.ts'
import type { Target } from './target.ts'
import { TARGETS } from './targets.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const MINUTES = '10'
const SAY_EVERY_MS = 5_000
const USAGE = 'usage: npm run fuzz -- TARGET [--minutes 10] [--seed N] [--corpus DIR], or --rerun FILE\n'

interface Plan {
  readonly name: string
  readonly target: Target
  readonly ms: number
  readonly seed: number
  readonly folder: string
  readonly readsCorpus: boolean
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: MINUTES },
      seed: { type: 'string' },
      corpus: { type: 'string', default: join(ROOT, 'build/fuzz') },
      rerun: { type: 'string' },
    },
  })
  if (values.rerun !== undefined) return rerun(values.rerun)
  const chosen = Object.entries(TARGETS).filter(
    ([name]) => positionals.includes(name) || positionals.includes('all'),
  )
  const minutes = Number(values.minutes)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  if (chosen.length === 0 || !(minutes > 0) || !Number.isSafeInteger(seed)) return refuse()
  const ms = (minutes * 60_000) / chosen.length
  let findings = 0
  for (const [name, load] of chosen) {
    const target = await load()
    const folder = join(values.corpus, name)
    findings += await runPlan({ name, target, ms, seed, folder, readsCorpus: values.seed === undefined })
  }
  return findings > 0 ? 1 : 0
}

async function runPlan({ name, target, ms, seed, folder, readsCorpus }: Plan): Promise<number> {
  const corpus = join(folder, 'corpus')
  mkdirSync(corpus, { recursive: true })
  const known = readsCorpus ? inputsIn(corpus) : []
  say(`${name}: seed ${seed}, ${known.length} inputs from ${relative(ROOT, corpus)}`)
  const started = performance.now()
  let saidMs = 0
  const progress = await search({
    target,
    seed,
    known,
    goesOn(now) {
      const spentMs = performance.now() - started
      if (spentMs - saidMs >= SAY_EVERY_MS) {
        saidMs = spentMs
        say(`${name}: ${progressText(now, spentMs)}`)
      }
      return spentMs < ms
    },
    onFound: (found) => keepFound(name, folder, found),
    onKept: (input) => keepInput(name, corpus, input, 'reached something new'),
  })
  say(`${name}: done, ${progressText(progress, performance.now() - started)}`)
  return progress.findings
}

function progressText({ runs, percent, corpus, findings }: Progress, ms: number): string {
  const rate = Math.round((runs * 1_000) / ms)
  const words = [`${(ms / 1_000).toFixed(0)} s`, `${runs} runs`, `${rate} runs/s`]
  return [...words, `${percent.toFixed(1)} % covered`, `corpus ${corpus}`, `${findings} findings`].join(', ')
}

function inputsIn(folder: string): Input[] {
  return readdirSync(folder).map((file) => readScript(readFileSync(join(folder, file), 'utf8')).input)
}

function keepInput(target: string, folder: string, input: Input, why: string): string {
  const text = scriptText(target, input, why)
  const path = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 12)}.json`)
  writeFileSync(path, text)
  return path
}

function keepFound(target: string, folder: string, { signature, error, input }: Found): void {
  const path = keepInput(target, folder, input, signature)
  say(`${target}: FOUND ${signature}\n${error instanceof Error ? error.stack : String(error)}`)
  say(`${target}: again with: npm run fuzz -- --rerun ${relative(ROOT, path)}`)
}

async function rerun(path: string): Promise<number> {
  const { target, input } = readScript(readFileSync(path, 'utf8'))
  try {
    const loaded = await TARGETS[target]?.()
    loaded?.check(input, new Set())
    if (loaded) say(`${target}: ${lengthOf(input)} bytes take ${leastMs(loaded, input, 3)} ms`)
  } catch (error) {
    say(`${target}: ${signatureOf(error)}\n${error instanceof Error ? error.stack : describeError(error)}`)
    return 1
  }
  say(`${target}: every rule holds`)
  return 0
}

function refuse(): number {
  process.stderr.write(`${USAGE}targets: ${Object.keys(TARGETS).join(', ')}\n`)
  return 2
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

process.exitCode = await main()
