/**
 * Runs every generator. With `--check` they only compare with what is committed; exits with 1 if one
 * complains.
 */
import { spawnSync } from 'node:child_process'

/**
 * Scripts beside this one. Each writes its files, or with `--check` says on standard error which are
 * outdated.
 */
export const GENERATORS = [
  'generate-config.ts',
  'generate-events.ts',
  'generate-metrics.ts',
  'generate-wire.ts',
] as const

/** What went wrong, a text for each generator that failed; empty when all is as it should be. */
export function runGenerators(scripts: readonly URL[], options: readonly string[]): readonly string[] {
  return scripts.flatMap((script) => {
    const run = spawnSync(process.execPath, [script.pathname, ...options], { encoding: 'utf8' })
    return run.status === 0 ? [] : [run.stderr.trim() || `${script.pathname} exited with ${run.status}`]
  })
}

function main(): void {
  const scripts = GENERATORS.map((name) => new URL(name, import.meta.url))
  const failures = runGenerators(scripts, process.argv.slice(2))
  for (const failure of failures) process.stderr.write(`${failure}\n`)
  if (failures.length > 0) process.exitCode = 1
}

if (import.meta.main) main()
