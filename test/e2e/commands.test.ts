import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Captured, readCaptured } from '../support/captured.ts'
import { readLines } from '../support/lines.ts'
import { type Nginx, startNginx } from '../support/nginx.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { countersOf, describe, QTAP, readSaid, writeConfig } from '../support/watching-agent.ts'

const CURL = pathOf('curl')

let workshop: Workshop
let certificate: Certificate
let nginx: Nginx
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  nginx = await startNginx(workshop, certificate, 9)
  nginx.publish('page.txt', 'A page')
})
afterAll(() => workshop.close())

test('exec shows the exchanges of its command and of nobody else, and leaves its output alone', async () => {
  const url = `${nginx.tls}/files/page.txt`
  const around = ['-sS', '--cacert', certificate.certificateFile]
  // The command waits for a line, so that other traffic surely passes while it is watched.
  const script = 'echo ready; read -r line; curl -sS --cacert "$1" "$2"; exit 7'
  const words = ['exec', '--config', writeConfig(workshop), '--', 'sh', '-c', script, 'sh']
  const child = workshop.start(QTAP, [...words, certificate.certificateFile, `${url}?ours`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  if (!child.stdout || !child.stderr || !child.stdin) throw new Error('started without pipes')
  const printed = readLines(child.stdout, (text) => text, String)
  const shown = readLines(child.stderr, readCaptured, describe)
  await printed.until((line) => line === 'ready')
  await workshop.run(CURL, [...around, `${url}?theirs`, `${nginx.plain}/files/page.txt?theirs`])
  child.stdin.end('go on\n')
  const [code] = await once(child, 'exit')
  await Promise.all([printed.ended, shown.ended])
  expect(code).toBe(7)
  expect(printed.all).toEqual(['ready', 'A page'])
  expect(shown.all.map(describe)).toEqual([`${CURL} egress-external GET ${url}?ours 200 complete`])
})

test('exec hands a signal on to its command, and what became of it back', async () => {
  const script = 'trap "echo told; exit 3" USR1 TERM; echo ready; while :; do read -r line; done'
  const child = workshop.start(QTAP, ['exec', '--', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  if (!child.stdout) throw new Error('started without pipes')
  const printed = readLines(child.stdout, (text) => text, String)
  await printed.until((line) => line === 'ready')
  child.kill('SIGTERM')
  // The shell acts on it when its read returns.
  child.stdin?.end('one\n')
  const [code] = await once(child, 'exit')
  await printed.ended
  expect(printed.all).toEqual(['ready', 'told'])
  expect(code).toBe(3)
})

test('what record keeps, replay shows the same, again and again', async () => {
  const file = join(workshop.folder, 'recording.jsonl')
  const config = writeConfig(workshop)
  const urls = [`${nginx.plain}/files/page.txt?one`, `${nginx.tls}/files/page.txt?two`]
  const command = [CURL, '-sS', '--cacert', certificate.certificateFile, ...urls]
  const recorded = await workshop.run(QTAP, ['record', '--config', config, file, '--', ...command])
  expect(recorded.stdout.toString()).toBe('A pageA page')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const live = recorded.stderr.split('\n').filter((line) => readCaptured(line) !== undefined)
  expect(live.flatMap((line) => readCaptured(line) ?? []).map(describe)).toEqual(
    urls.map((url) => `${CURL} egress-external GET ${url} 200 complete`),
  )
  const replays = [
    await workshop.run(QTAP, ['replay', '--config', config, file]),
    await workshop.run(QTAP, ['replay', '--config', config, file]),
  ]
  for (const { stdout } of replays) expect(stdout.toString()).toBe(`${live.join('\n')}\n`)
  expect(readFileSync(file, 'utf8').split('\n')[0]).toContain('handle it like a password')
})

test.each([
  ['loopback left alone', 'direction: all, ignore_loopback: true', []],
  ['only what comes in', 'direction: ingress, ignore_loopback: false', []],
  ['only what goes out', 'direction: egress, ignore_loopback: false', ['egress-external']],
  ['only to private addresses', 'direction: egress-internal, ignore_loopback: false', []],
])('%s: the kernel copies no payload of the rest', async (_name, tap, seen) => {
  const config = writeConfig(workshop, { tap })
  const url = `${nginx.plain}/files/page.txt?[1-50]`
  const options = ['--config', config, '--log-level', 'debug', '--log-encoding', 'json']
  const { stderr } = await workshop.run(QTAP, ['exec', ...options, '--', CURL, '-sS', url])
  const lines = stderr.split('\n')
  const exchanges = lines.map(readCaptured).filter((one) => one !== undefined)
  expect([...new Set(exchanges.map(({ direction }) => direction))]).toEqual(seen)
  expect(exchanges).toHaveLength(seen.length * 50)
  const counted = countersOf(lines.map(readSaid).find(({ message }) => message === 'counted'))
  expect(counted['capture']).toMatchObject({ recordsLost: 0 })
  if (seen.length === 0) expect(counted['capture']).toMatchObject({ bytesCopied: 0 })
  else expect(counted['capture']?.['bytesCopied']).toBe(bytesOf(exchanges))
})

function bytesOf(exchanges: readonly Captured[]): number {
  return exchanges.reduce((sum, { sentBytes, receivedBytes }) => sum + sentBytes + receivedBytes, 0)
}
