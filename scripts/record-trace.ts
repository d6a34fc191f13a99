/**
 * Records a trace for the tests: npm run record -- WHAT-HAPPENS -- COMMAND…
 * Makes `test/traces/WHAT-HAPPENS/` with the recording and a page that says how it was made. Needs root.
 * What the command sends is kept in clear text, with the TLS secrets: use made-up traffic and credentials
 * only.
 * What other programs of this host did meanwhile is left out.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { onlyOwnLines } from './own-lines.ts'

const LAUNCHER = new URL('../bin/qtap', import.meta.url).pathname

function main(name: string | undefined, dashes: string | undefined, command: readonly string[]): number {
  if (
    name === undefined ||
    !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ||
    dashes !== '--' ||
    command.length === 0
  ) {
    return refuse('usage: npm run record -- WHAT-HAPPENS -- COMMAND… (a name like gap-inside-body)')
  }
  const folder = new URL(`../test/traces/${name}/`, import.meta.url).pathname
  const trace = `${folder}trace.jsonl`
  if (existsSync(trace))
    return refuse(`test/traces/${name}/trace.jsonl exists: delete it first, or choose another name`)
  mkdirSync(folder, { recursive: true })
  const run = spawnSync(LAUNCHER, ['record', trace, '--', ...command], { stdio: 'inherit' })
  if (run.status !== 0) return refuse(`qtap record ended with ${run.status ?? run.signal}`)
  const [header = '', ...lines] = readFileSync(trace, 'utf8').trimEnd().split('\n')
  writeFileSync(trace, `${[header, ...onlyOwnLines(lines)].join('\n')}\n`)
  chmodSync(trace, 0o644)
  writeFileSync(`${folder}README.md`, page(name, command))
  return 0
}

function page(name: string, command: readonly string[]): string {
  const [first = '', ...rest] = name.split('-')
  const words = command.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  )
  return [
    `# ${[first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(' ')}`,
    '',
    `Recorded on Linux ${release()} with ${versionOf(command[0] ?? '')} by this command:`,
    '',
    '```sh',
    words.join(' '),
    '```',
    '',
  ].join('\n')
}

/** What a program says of itself. */
function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return `${program} ${(stdout ?? '').split('\n')[0]}`.trim()
}

function refuse(why: string): number {
  process.stderr.write(`record: ${why}\n`)
  return 1
}

const [name, dashes, ...command] = process.argv.slice(2)
process.exitCode = main(name, dashes, command)
