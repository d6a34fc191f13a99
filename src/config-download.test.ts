import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from './base/index.ts'
import { cacheName, openConfigDownload } from './config-download.ts'
import { CONFIG_BYTES_MAX } from './config-file.ts'

const GOOD = 'tap: {direction: ingress}\n'

async function origin(answer: RequestListener) {
  const asked: { readonly url: string; readonly authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(stop)
  const address = server.address()
  return { host: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, asked, stop }
}

function opened(url: string, dataDir = join(folder(), 'state')) {
  const said: string[] = []
  const note = (message: string, fields = {}) => void said.push(`${message} ${JSON.stringify(fields)}`)
  const log = { ...silentLog, info: note, warn: note }
  const source = openConfigDownload(url, { dataDir, environment: {}, log, timeoutMs: 300 })
  return { source, said, dataDir }
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'qtap-download-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

test('what is downloaded is given, and kept for its owner alone', async () => {
  const { host, asked } = await origin((_, response) => response.end(GOOD))
  const { source, said, dataDir } = opened(`http://user:p%40ss@${host}/a/q.yaml?token=secret`)
  expect(await source.read()).toEqual({ text: GOOD, name: `http://${host}/a/q.yaml` })
  const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`
  expect(asked).toEqual([{ url: '/a/q.yaml?token=secret', authorization }])
  const [file = '', ...others] = readdirSync(dataDir)
  expect(others).toEqual([])
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
  expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(dataDir, file), 'utf8')).toBe(GOOD)
  expect(said).toEqual([
    expect.stringContaining('Downloading config from URL'),
    expect.stringContaining('Config downloaded successfully'),
  ])
  expect(said.join()).not.toMatch(/secret|p%40ss|p@ss/)
})

test('when it cannot be downloaded any more, the copy of the last time is used', async () => {
  const { host, stop } = await origin((_, response) => response.end(GOOD))
  const { source, said } = opened(`http://${host}/q.yaml`)
  await source.read()
  await stop()
  expect(await source.read()).toMatchObject({ text: GOOD, name: expect.stringContaining('qtap-config-127') })
  expect(said.at(-1)).toMatch(/the copy of the last time is used .*ECONNREFUSED/)
})

const ANSWERS: readonly [name: string, answer: RequestListener, why: RegExp][] = [
  ['another status', (_, response) => response.writeHead(404).end(GOOD), /: status 404\./],
  ['too much', (_, response) => response.end('#'.repeat(CONFIG_BYTES_MAX + 1)), /larger than 1 MiB/],
  ['no text', (_, response) => response.end(Buffer.from([0xff])), /not text in UTF-8/],
  ['nothing', () => {}, /took too long/],
  [
    'an end in the middle',
    (_, response) => response.writeHead(200).write('a', () => response.destroy()),
    /./,
  ],
]

test.each(ANSWERS)('%s is refused without an earlier copy', async (_, answer, why) => {
  const { host } = await origin(answer)
  const { source } = opened(`http://${host}/`)
  await expect(source.read()).rejects.toThrow(why)
})

test('what is no configuration does not replace the copy', async () => {
  let text = GOOD
  const { host, stop } = await origin((_, response) => response.end(text))
  const { source } = opened(`http://${host}/q.yaml`)
  await source.read()
  text = '<html>Log in</html>'
  expect(await source.read()).toMatchObject({ text })
  await stop()
  expect(await source.read()).toMatchObject({ text: GOOD })
})

test('a folder that others may write to is neither trusted nor used', async () => {
  const { host, stop } = await origin((_, response) => response.end(GOOD))
  const dataDir = folder()
  chmodSync(dataDir, 0o777)
  const url = `http://${host}/q.yaml`
  writeFileSync(join(dataDir, cacheName(url)), 'tap: {direction: all}\n')
  const { source, said } = opened(url, dataDir)
  expect(await source.read()).toMatchObject({ text: GOOD })
  expect(said.at(-1)).toContain('cannot be kept')
  await stop()
  await expect(source.read()).rejects.toThrow('ECONNREFUSED')
})

test('a link in place of the copy is not followed', async () => {
  const { host, stop } = await origin((_, response) => response.end(GOOD))
  const dataDir = folder()
  const victim = join(folder(), 'victim')
  writeFileSync(victim, 'untouched')
  const url = `http://${host}/q.yaml`
  symlinkSync(victim, join(dataDir, cacheName(url)))
  await stop()
  await expect(opened(url, dataDir).source.read()).rejects.toThrow('ECONNREFUSED')
  expect(readFileSync(victim, 'utf8')).toBe('untouched')
})

test('a copy takes the place of a link, and leaves alone what it led to', async () => {
  const { host } = await origin((_, response) => response.end(GOOD))
  const dataDir = folder()
  const victim = join(folder(), 'victim')
  writeFileSync(victim, 'untouched')
  const url = `http://${host}/q.yaml`
  symlinkSync(victim, join(dataDir, cacheName(url)))
  await opened(url, dataDir).source.read()
  expect(readFileSync(victim, 'utf8')).toBe('untouched')
  expect(readFileSync(join(dataDir, cacheName(url)), 'utf8')).toBe(GOOD)
})

test.each([
  ['https://example.com', 'qtap-config-example.comindex.yaml'],
  ['https://example.com/', 'qtap-config-example.com-.yaml'],
  ['http://example.com:8080/a/qtap.yaml', 'qtap-config-example.com-8080-a-qtap-yaml.yaml'],
  ['http://example.com/%2e%2e/%2Fetc%2Fpasswd%00', 'qtap-config-example.com--etc-passwd-.yaml'],
])('%s is kept as %s', (url, name) => {
  expect(cacheName(url)).toBe(name)
})

test('names of different queries and long paths differ, and fit', () => {
  const names = ['?a=1', '?a=2', `/${'x'.repeat(400)}`, `/${'x'.repeat(401)}`].map((end) =>
    cacheName(`https://example.com/q.yaml${end}`),
  )
  expect(new Set(names).size).toBe(4)
  expect(names.filter((name) => name.length > 255 || name.includes('/'))).toEqual([])
})

test('a URL that is none is refused', () => {
  expect(() => opened('http://')).toThrow('The URL of the configuration is none')
})
