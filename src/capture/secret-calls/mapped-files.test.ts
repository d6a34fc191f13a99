import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MappedFile, mappedFiles, openMappedFile, parseMaps } from './mapped-files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapped-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const MAPS = `00400000-00746000 r--p 00000000 fe:00 4660                       /opt/a b/node
00746000-00749000 r-xp 00346000 fe:00 4660                       /opt/a b/node
0074a000-03044000 r-xp 0034a000 fe:00 4660                       /opt/a b/node
7f0000000000-7f0000021000 rwxp 00000000 00:00 0
7f1000000000-7f1000100000 r-xp 00028000 00:2a 9007                       /lib/libssl.so.3 (deleted)
7f2000000000-7f2000100000 r-xp 00000000 00:01 77                         /memfd:runc\\012x (deleted)
7f3000000000-7f3000100000 r--p 00000000 fe:00 5555                       /usr/lib/locale/locale-archive
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
`

test('each file that code is run from is given once, with the range that map_files knows it by', () => {
  expect(parseMaps(MAPS)).toEqual([
    { device: 'fe:00', inode: 4660, path: '/opt/a b/node', deleted: false, addressRange: '746000-749000' },
    {
      device: '00:2a',
      inode: 9007,
      path: '/lib/libssl.so.3',
      deleted: true,
      addressRange: '7f1000000000-7f1000100000',
    },
    {
      device: '00:01',
      inode: 77,
      path: '/memfd:runc\nx',
      deleted: true,
      addressRange: '7f2000000000-7f2000100000',
    },
  ])
})

test('this process maps its own executable, and it can be opened', () => {
  const exe = statSync(process.execPath)
  const file = mappedFiles(process.pid).find((mapped) => mapped.inode === exe.ino)
  expect(file).toBeDefined()
  if (file === undefined) return
  expect(openedInode(process.pid, file)).toBe(exe.ino)
})

test('a process that is gone maps nothing', () => {
  expect(mappedFiles(2 ** 30)).toEqual([])
})

test('a program that was deleted while it runs can be opened', () => {
  const path = join(folder, 'sleep')
  copyFileSync(execFileSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).trim(), path)
  const inode = statSync(path).ino
  const child = spawn(path, ['60'], { stdio: 'ignore' })
  try {
    rmSync(path)
    const file = mappedFiles(child.pid ?? 0).find((mapped) => mapped.inode === inode)
    expect(file).toMatchObject({ path, deleted: true })
    if (file === undefined) return
    expect(openedInode(child.pid ?? 0, file)).toBe(inode)
  } finally {
    child.kill('SIGKILL')
  }
})

test('without map_files the path below the root of the process is opened, if it is still that file', () => {
  const root = join(folder, '7', 'root')
  mkdirSync(root, { recursive: true })
  writeFileSync(join(root, 'libssl.so.3'), 'library')
  const inode = statSync(join(root, 'libssl.so.3')).ino
  const file = { device: '00:2a', inode, path: '/libssl.so.3', deleted: false, addressRange: '1-2' }
  expect(openedInode(7, file, folder)).toBe(inode)
  expect(openMappedFile(7, { ...file, inode: inode + 1 }, folder)).toBeUndefined()
  expect(openMappedFile(7, { ...file, deleted: true }, folder)).toBeUndefined()
  expect(openMappedFile(7, { ...file, path: '/gone' }, folder)).toBeUndefined()
})

test('a pipe that took the place of a file is not waited for', () => {
  const root = join(folder, '7', 'root')
  mkdirSync(root, { recursive: true })
  execFileSync('mkfifo', [join(root, 'pipe')])
  const inode = statSync(join(root, 'pipe')).ino
  const file = { device: '00:2a', inode, path: '/pipe', deleted: false, addressRange: '1-2' }
  expect(openMappedFile(7, file, folder)).toBeUndefined()
})

function openedInode(pid: number, file: MappedFile, procPath?: string): number | undefined {
  const fd = openMappedFile(pid, file, procPath)
  if (fd === undefined) return undefined
  const { ino } = fstatSync(fd)
  closeSync(fd)
  return ino
}
