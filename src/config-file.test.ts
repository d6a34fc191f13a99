import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { silentLog } from './base/index.ts'
import { CONFIG_BYTES_MAX, openConfigFile, readConfigText } from './config-file.ts'

const PACE = { pollMs: 5, settleMs: 5, emptyMs: 60 }

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'qtap-config-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

/** A file that is watched, and what was read each time that it changed. */
async function watched(path: string) {
  const warnings: string[] = []
  const texts: string[] = []
  const source = openConfigFile(path, { ...silentLog, warn: (message) => void warnings.push(message) }, PACE)
  texts.push((await source.read()).text)
  const watch = source.watch(() => void source.read().then(({ text }) => texts.push(text)))
  onTestFinished(() => watch.close())
  return { source, texts, warnings, watch }
}

test.each([
  ['/nowhere/qtap.yaml', /^reading config file: .*\/nowhere\/qtap\.yaml/],
  [tmpdir(), new RegExp(`^reading config file: ${tmpdir()}: it is a directory`)],
])('%s cannot be read, and is named', (path, message) => {
  expect(() => readConfigText(path)).toThrow(message)
})

test('a file that is too large, or no text, is refused', () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, '#'.repeat(CONFIG_BYTES_MAX))
  expect(readConfigText(path)).toHaveLength(CONFIG_BYTES_MAX)
  appendFileSync(path, '#')
  expect(() => readConfigText(path)).toThrow('larger than 1 MiB')
  writeFileSync(path, Buffer.from([0x61, 0xff]))
  expect(() => readConfigText(path)).toThrow(`${path}: it is not text in UTF-8`)
})

test('what is written, and what replaces the file, is told', async () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, 'one')
  const { texts } = await watched(path)
  writeFileSync(path, 'two')
  await vi.waitFor(() => expect(texts).toEqual(['one', 'two']))
  writeFileSync(`${path}~`, 'three')
  renameSync(`${path}~`, path)
  await vi.waitFor(() => expect(texts).toEqual(['one', 'two', 'three']))
})

test('a file that is touched, or written as it was, has not changed', async () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, 'one')
  const { texts } = await watched(path)
  utimesSync(path, 1, 1)
  writeFileSync(`${path}~`, 'one')
  renameSync(`${path}~`, path)
  writeFileSync(path, 'one')
  await new Promise((resolve) => setTimeout(resolve, 10 * PACE.pollMs))
  expect(texts).toEqual(['one'])
})

test('a writer who has emptied the file is waited for', async () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, 'one')
  const { texts } = await watched(path)
  const descriptor = openSync(path, 'w')
  await new Promise((resolve) => setTimeout(resolve, PACE.emptyMs / 2))
  for (const piece of ['t', 'w', 'o']) writeSync(descriptor, piece)
  closeSync(descriptor)
  await vi.waitFor(() => expect(texts.at(-1)).toBe('two'))
  expect(texts.filter((text) => text === '')).toEqual([])
})

test('a file that stays empty is empty', async () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, 'one')
  const { texts } = await watched(path)
  writeFileSync(path, '')
  await vi.waitFor(() => expect(texts).toEqual(['one', '']))
})

test('a mounted configuration of Kubernetes is swapped by a link to a folder', async () => {
  const mount = folder()
  for (const version of ['1', '2']) {
    mkdirSync(join(mount, `..${version}`))
    writeFileSync(join(mount, `..${version}`, 'qtap.yaml'), `version ${version}`)
  }
  symlinkSync('..1', join(mount, '..data'))
  symlinkSync('..data/qtap.yaml', join(mount, 'qtap.yaml'))
  const { texts } = await watched(join(mount, 'qtap.yaml'))
  symlinkSync('..2', join(mount, '..data_tmp'))
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'))
  rmSync(join(mount, '..1'), { recursive: true })
  await vi.waitFor(() => expect(texts).toEqual(['version 1', 'version 2']))
})

test('a file that is gone is told once, and found again when it is back', async () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, 'one')
  const { texts, warnings } = await watched(path)
  rmSync(path)
  await vi.waitFor(() => expect(warnings).toHaveLength(1))
  writeFileSync(path, 'two')
  await vi.waitFor(() => expect(texts).toEqual(['one', 'two']))
  expect(warnings).toEqual(['the configuration file is gone: the running one stays'])
})

test('what is closed says nothing any more', async () => {
  const path = join(folder(), 'a.yaml')
  writeFileSync(path, 'one')
  const { texts, watch } = await watched(path)
  watch.close()
  writeFileSync(path, 'two')
  await new Promise((resolve) => setTimeout(resolve, 10 * PACE.pollMs))
  expect(texts).toEqual(['one'])
})

test('what can be read only once is kept', async () => {
  const path = '/dev/null'
  const { source } = await watched(path)
  expect(await source.read()).toEqual({ text: '', name: path })
})
