import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { CapturedBytes } from './captured-bytes.ts'
import { type LogOptions, parseLogLevel, pinoLog } from './pino-log.ts'

const AT_MS = new Date(2026, 0, 2, 3, 4, 5, 67).getTime()

function logLines(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = pinoLog({ level: 'info', encoding: 'json', write, nowMs: () => AT_MS, ...options })
  return { log, lines }
}

test('a JSON line has level, ts, message and the fields, and nothing else', () => {
  const { log, lines } = logLines()
  log.info('config load completed', { file: 'qtap.yaml', stacks: 2 })
  expect(lines).toHaveLength(1)
  expect(lines[0]?.endsWith('}\n')).toBe(true)
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    ts: AT_MS / 1000,
    message: 'config load completed',
    file: 'qtap.yaml',
    stacks: 2,
  })
})

test('levels below the chosen one are silent', () => {
  const { log, lines } = logLines({ level: 'warn' })
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn', 'error'])
})

test('the console line is time, level, message and fields', () => {
  const { log, lines } = logLines({ encoding: 'console' })
  log.warn('no config file provided, using default config')
  log.error('store failed', { attempt: 3 })
  expect(lines).toEqual([
    '2026-01-02 03:04:05.067 WARN no config file provided, using default config\n',
    '2026-01-02 03:04:05.067 ERROR store failed {"attempt":3}\n',
  ])
})

test('colours are escape sequences around time and level only', () => {
  const { log, lines } = logLines({ encoding: 'console', coloured: true })
  log.error('x', { a: 1 })
  const csi = String.fromCharCode(27)
  expect(lines).toEqual([`${csi}[90m2026-01-02 03:04:05.067${csi}[39m ${csi}[31mERROR${csi}[39m x {"a":1}\n`])
})

test('bytes and secrets show as their length, errors as their message', () => {
  const { log, lines } = logLines()
  const bytes = new TextEncoder().encode('secret')
  log.info('x', {
    raw: bytes,
    held: new CapturedBytes(bytes),
    inside: { held: new CapturedBytes(bytes) },
    why: new Error('no'),
  })
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    raw: '<6 bytes>',
    held: '<6 captured bytes>',
    inside: { held: '<6 captured bytes>' },
    why: 'no',
  })
  expect(lines[0]).not.toContain('secret')
})

test('a field cannot replace what a line has by itself', () => {
  const { log, lines } = logLines()
  log.info('x', { level: 'full', message: 'y', ts: 1 })
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    ts: AT_MS / 1000,
    message: 'x',
    level_: 'full',
    message_: 'y',
    ts_: 1,
  })
})

test('names above error count as error, others are refused', () => {
  expect(['debug', 'INFO', 'dpanic', 'panic', 'fatal'].map(parseLogLevel)).toEqual([
    'debug',
    'info',
    'error',
    'error',
    'error',
  ])
  expect(() => parseLogLevel('loud')).toThrow('invalid log level "loud"')
  expect(() => parseLogLevel('constructor')).toThrow('invalid log level')
})

test('lines reach standard error before the process exits', () => {
  const module = new URL('./pino-log.ts', import.meta.url).href
  const program = `
    import { pinoLog, standardError } from ${JSON.stringify(module)}
    const log = pinoLog({ level: 'info', encoding: 'json', ...standardError({}) })
    for (let line = 0; line < 1000; line += 1) log.info('line', { line })
    process.exit(0)`
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ message: 'line', line: 999 })
})
