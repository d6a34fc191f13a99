import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { likelyFiles } from './likely-files.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'likely-files-'))
})
afterEach(() => rmSync(root, { recursive: true }))

test('libraries named for TLS come first, each once, those of the loader cache before all', () => {
  place('/srv/odd/libwolfssl.so.1')
  place('/usr/lib/x86_64-linux-gnu/libssl.so.3')
  place('/usr/lib/x86_64-linux-gnu/libm.so.6')
  place('/usr/lib64/libgnutls.so.30')
  place('/opt/app/lib/libboringssl.so')
  symlinkSync('libssl.so.3', join(root, '/usr/lib/x86_64-linux-gnu/libssl.so'))
  place('/usr/local/bin/tool', 5 << 20)
  place('/etc/ld.so.cache')
  const cached = [
    'libwolfssl.so.1',
    '/srv/odd/libwolfssl.so.1',
    'libm.so.6',
    '/lib/libm.so.6',
    '/gone/libssl.so.9',
  ]
  writeFileSync(join(root, '/etc/ld.so.cache'), `glibc-ld.so.cache1.1\0${cached.join('\0')}\0`)
  expect(likely()).toEqual([
    '/srv/odd/libwolfssl.so.1',
    '/usr/lib/x86_64-linux-gnu/libssl.so',
    '/usr/lib64/libgnutls.so.30',
    '/opt/app/lib/libboringssl.so',
    '/usr/local/bin/tool',
  ])
})

test('executables large enough to hold a library follow, known names first in their folder', () => {
  place('/usr/bin/a-large-one', 5 << 20)
  place('/usr/bin/node', 5 << 20)
  place('/usr/bin/small', 1 << 20)
  place('/usr/bin/data', 5 << 20, 0o644)
  place('/opt/app/bin/server', 5 << 20)
  place('/home/someone/.bun/bin/bun', 5 << 20)
  place('/root/.nvm/versions/node/v22.1.0/bin/node', 5 << 20)
  expect(likely()).toEqual([
    '/usr/bin/node',
    '/usr/bin/a-large-one',
    '/opt/app/bin/server',
    '/root/.nvm/versions/node/v22.1.0/bin/node',
    '/home/someone/.bun/bin/bun',
  ])
})

test('each file is given with its kind and size', () => {
  place('/usr/lib/libssl.so.3', 600_000)
  place('/usr/bin/node', 5 << 20)
  expect([...likelyFiles(root)]).toEqual([
    { kind: 'library', path: join(root, '/usr/lib/libssl.so.3'), sizeBytes: 600_000 },
    { kind: 'executable', path: join(root, '/usr/bin/node'), sizeBytes: 5 << 20 },
  ])
})

test('links to nowhere and in circles are passed over', () => {
  place('/usr/bin/node', 5 << 20)
  symlinkSync('nowhere', join(root, '/usr/bin/broken'))
  symlinkSync('circle', join(root, '/usr/bin/circle'))
  expect(likely()).toEqual(['/usr/bin/node'])
})

test('a file system without any of the folders gives nothing', () => {
  expect(likely()).toEqual([])
})

function likely(): string[] {
  return [...likelyFiles(root)].map(({ path }) => path.slice(root.length))
}

/** Sparse, so that size costs nothing. */
function place(path: string, sizeBytes = 10, mode = 0o755): void {
  const whole = join(root, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, '')
  truncateSync(whole, sizeBytes)
  chmodSync(whole, mode)
}
