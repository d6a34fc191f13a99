import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderInUse, lockFolder } from './folder-lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qtap-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a folder is locked once, until it is let go', async () => {
  const letGo = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow(FolderInUse)
  await letGo()
  await (await lockFolder(folder))()
  expect(readdirSync(folder)).toEqual([])
})

test('the lock of a killed process is taken over, by one of many at most', async () => {
  const program = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, 'folder-lock.ts'))}
    await lockFolder(process.argv[1])
    setInterval(() => {}, 1_000)
    console.log('locked')`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program, folder], { stdio: 'pipe' })
  await once(holder.stdout, 'data')
  await expect(lockFolder(folder)).rejects.toThrow(FolderInUse)
  holder.kill('SIGKILL')
  await once(holder, 'close')
  expect(readdirSync(folder)).toHaveLength(1)
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
  const taken = tries.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  expect(taken.length).toBeLessThanOrEqual(1)
  const letGo = taken[0] ?? (await lockFolder(folder))
  await expect(lockFolder(folder)).rejects.toThrow(FolderInUse)
  await letGo()
  expect(readdirSync(folder)).toEqual([])
})

test('files that are no sockets do not keep the folder', async () => {
  writeFileSync(join(folder, 'lock-01234567'), '')
  writeFileSync(join(folder, 'lock.89abcdef'), '')
  writeFileSync(join(folder, 'lock'), '')
  await (await lockFolder(folder))()
  expect(readdirSync(folder)).toEqual(['lock'])
})

test('a folder with a long path is locked, too', async () => {
  const long = join(folder, 'a'.repeat(100))
  mkdirSync(long)
  const letGo = await lockFolder(long)
  await expect(lockFolder(long)).rejects.toThrow(FolderInUse)
  await letGo()
  await (await lockFolder(long))()
})
