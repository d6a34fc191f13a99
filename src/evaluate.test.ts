import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { silentLog } from './base/index.ts'
import { evaluate } from './evaluate.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'qtap-eval-'))
afterAll(() => rmSync(FOLDER, { recursive: true }))

const EXCHANGE = {
  metadata: { process_exe: '/usr/bin/curl', endpoint_id: 'api.example.com', tags: ['bin:curl'] },
  request: {
    method: 'GET',
    url: 'https://api.example.com/a?b=1',
    path: '/a',
    authority: 'api.example.com',
    headers: { 'User-Agent': 'curl/8' },
  },
  response: { status: 503, headers: { Server: 'nginx' } },
  direction: 'egress-external',
}

function file(name: string, text: string): string {
  const path = join(FOLDER, name)
  writeFileSync(path, text)
  return path
}

const STORED = file('stored.json', JSON.stringify(EXCHANGE))
const CONFIG = file('qtap.yaml', 'rulekit: {macros: [{name: is_error, expr: http.res.status >= 400}]}\n')

function run(expression: string, exchangeFile = STORED, config?: string) {
  const options = { expression, exchangeFile, config, dataDir: FOLDER, environment: {}, log: silentLog }
  return evaluate(options)
}

test.each([
  ['http.res.status >= 500', 'true', 0],
  ['http.res.status == 200', 'false', 1],
  ['http.res.status', '503', 0],
  ['http.req.method', 'GET', 0],
  ['not http.req.headers.user-agent contains "curl"', 'false', 1],
  ['tags', '["bin:curl"]', 0],
  ['zone(dst.domain)', 'example.com', 0],
] as const)('%s comes to %s and ends with %i', async (expression, output, exitCode) => {
  expect(await run(expression)).toEqual({ output, remarks: [], exitCode })
})

test('macros of a configuration may be called', async () => {
  expect(await run('is_error()', STORED, CONFIG)).toEqual({ output: 'true', remarks: [], exitCode: 0 })
  expect(await run('is_error()')).toEqual({
    output: '',
    remarks: [expect.stringContaining('unknown function "is_error"')],
    exitCode: 2,
  })
})

test('fields that are missing are named, and those that no exchange has', async () => {
  expect(await run('src.pod.name == "a" and http.res.statu == 1')).toEqual({
    output: '',
    remarks: [
      expect.stringMatching(/^missing fields: src\.pod\.name/),
      'no exchange has a field "http.res.statu", did you mean "http.res.status"?',
    ],
    exitCode: 1,
  })
})

test('a mistake is shown in its line', async () => {
  const { remarks, exitCode } = await run('http.res.status = 500')
  expect(exitCode).toBe(2)
  expect(remarks.join('\n')).toMatch(/^syntax error at line 1:17:\nhttp\.res\.status = 500\n {16}\^\n/)
})

test('the line of the store stdout does too', async () => {
  const line = { message: 'x', data_base64: Buffer.from(JSON.stringify(EXCHANGE)).toString('base64') }
  const path = file('line.json', JSON.stringify(line))
  expect(await run('http.res.status', path)).toMatchObject({ output: '503', exitCode: 0 })
})

test.each([
  [join(FOLDER, 'nowhere.json'), undefined, /^reading exchange: .*nowhere\.json/],
  [file('text.txt', 'HTTP Transaction secret'), undefined, /text\.txt is no JSON document/],
  [file('packed.json', '{"data_base64": "c2VjcmV0"}'), undefined, /packed\.json is no JSON document/],
  [STORED, join(FOLDER, 'nowhere.yaml'), /^reading config file: /],
  [STORED, file('broken.yaml', 'tap: {direction: up}\n'), /broken\.yaml:1:18 tap\.direction/],
  ['-', '-', /^Standard input cannot be both/],
])('what cannot be read is a mistake: %s, %s', async (exchangeFile, config, message) => {
  const { output, remarks, exitCode } = await run('true', exchangeFile, config)
  expect({ output, remarks, exitCode }).toEqual({
    output: '',
    remarks: [expect.stringMatching(message)],
    exitCode: 2,
  })
  expect(remarks.join()).not.toContain('secret')
})
