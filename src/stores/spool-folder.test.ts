import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../base/index.ts'
import { spoolFolderFor, tellOfLeftovers } from './spool-folder.ts'

test('spools of different places never share a folder', () => {
  const folder = (kind: string, destination: string, taken: readonly string[] = []) =>
    spoolFolderFor('/data', kind, destination, new Set(taken))
  const first = folder('events/otel', 'grpc a:4317')
  expect(first).toMatch(/^\/data\/spool\/events-otel-[0-9a-f]{12}$/)
  expect(folder('events/otel', 'grpc a:4317')).toBe(first)
  expect(folder('events/otel', 'grpc b:4317')).not.toBe(first)
  expect(folder('objects/otel', 'grpc a:4317')).not.toBe(first)
  expect(folder('events/otel', 'grpc a:4317', [first])).toBe(`${first}-2`)
  expect(folder('events/otel', 'grpc a:4317', [first, `${first}-2`])).toBe(`${first}-3`)
  expect(folder('events/../../x', 'y')).toMatch(/^\/data\/spool\/events-x-[0-9a-f]{12}$/)
})

test('what was kept for a place that no store goes to any more is named', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'qtap-'))
  onTestFinished(() => rmSync(dataDir, { recursive: true }))
  const said: unknown[] = []
  const log = { ...silentLog, warn: (_message: string, fields?: object) => said.push(fields) }
  tellOfLeftovers(dataDir, new Set(), log)
  const [used = '', left = '', empty = ''] = ['used', 'left', 'empty'].map((name) =>
    join(dataDir, 'spool', name),
  )
  for (const folder of [used, left, empty]) mkdirSync(folder, { recursive: true })
  for (const folder of [used, left]) writeFileSync(join(folder, '0000000000000000.parcels'), '')
  tellOfLeftovers(dataDir, new Set([used]), log)
  expect(said).toEqual([{ folder: left }])
})
