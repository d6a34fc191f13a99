/**
 * Records a trace for the tests: npm run record -- WHAT-HAPPENS -- COMMAND…
 * Makes `test/traces/WHAT-HAPPENS/` with the recording and a page that says how it was made. Needs root.
 * What the command sends is kept in clear text, with the TLS secrets: use made-up traffic and credentials
 * only.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'

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
    `Recorded on Linux ${release()} with Node.js ${process.version} by this command:`,
    '',
    '```sh',
    words.join(' '),
    '```',
    '',
  ].join('\n')
}

function refuse(why: string): number {
  process.stderr.write(`record: ${why}\n`)
  return 1
}

const [name, dashes, ...command] = process.argv.slice(2)
process.exitCode = main(name, dashes, command)
