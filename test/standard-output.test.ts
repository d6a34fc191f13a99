import { type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const BASE = new URL('../src/base/index.ts', import.meta.url).href

/**
 * Writes 20,000 lines, flushes for at most the milliseconds given as its argument, tells how it went and
 * exits.
 */
const PROGRAM = `
  import { createLineWriter, descriptorSink, silentLog } from '${BASE}'
  const writer = createLineWriter(descriptorSink(1), { log: silentLog })
  for (let line = 0; line < 20000; line += 1) writer.write('line ' + line + ' ' + 'x'.repeat(90))
  const complete = await writer.flush(Number(process.argv.at(-1)))
  process.stderr.write(JSON.stringify({ complete, closed: writer.closed }))
  process.exit(0)
`
const ARGUMENTS = ['--input-type=module', '-e', PROGRAM]
const ALL = Array.from({ length: 20_000 }, (_, line) => `line ${line} ${'x'.repeat(90)}\n`).join('')

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function runInto(reader: string, file: string) {
  const script = `"$0" --input-type=module -e "$1" 5000 ${reader}`
  return spawnSync('sh', ['-c', script, process.execPath, PROGRAM, file], {
    encoding: 'utf8',
    timeout: 20_000,
  })
}

test.each([
  ['a file', '>> "$2"'],
  ['a slow pipe', '| { sleep 0.1; cat > "$2"; }'],
])('%s gets every line of two megabytes', (_name, reader) => {
  const file = join(temporaryFolder(), 'lines')
  const { stderr } = runInto(reader, file)
  expect(JSON.parse(stderr)).toEqual({ complete: true, closed: false })
  expect(readFileSync(file, 'utf8') === ALL).toBe(true)
})

test('what stood in a file before the lines stays there', () => {
  const file = join(temporaryFolder(), 'lines')
  const script = `{ echo before; "$0" --input-type=module -e "$1" 5000; } > "$2"`
  spawnSync('sh', ['-c', script, process.execPath, PROGRAM, file])
  expect(readFileSync(file, 'utf8') === `before\n${ALL}`).toBe(true)
})

test('a pipe whose reader left closes the writer', () => {
  const { stderr } = runInto('| head -c 1 >/dev/null', '')
  expect(JSON.parse(stderr)).toEqual({ complete: false, closed: true })
})

/** How a writer ends whose standard output nobody reads. */
async function endUnread(stdout: 'pipe' | number) {
  const stdio: StdioOptions = ['ignore', stdout, 'pipe']
  const child = spawn(process.execPath, [...ARGUMENTS, '50'], {
    stdio,
    timeout: 4_000,
    killSignal: 'SIGKILL',
  })
  const [said, [code]] = await Promise.all([child.stderr?.toArray(), once(child, 'exit')])
  child.stdout?.destroy()
  return { code, said: JSON.parse(Buffer.concat(said ?? []).toString()) }
}

const GIVEN_UP = { code: 0, said: { complete: false, closed: false } }

test('a pipe that nobody reads does not hold up the exit', async () => {
  const path = join(temporaryFolder(), 'pipe')
  spawnSync('mkfifo', [path])
  const descriptor = openSync(path, constants.O_RDWR)
  onTestFinished(() => closeSync(descriptor))
  expect(await endUnread(descriptor)).toEqual(GIVEN_UP)
})

test('a socket that nobody reads does not hold up the exit', async () => {
  // Node connects its children by sockets.
  expect(await endUnread('pipe')).toEqual(GIVEN_UP)
})
