import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorkshop, type Workshop } from '../support/programs.ts'
import { programOf } from './support/server.ts'

const FOLDER = join(import.meta.dirname, '../../examples/collector')
const NAMES = readdirSync(FOLDER)

let workshop: Workshop
beforeAll(() => {
  workshop = openWorkshop()
})
afterAll(() => workshop.close())

test.each(NAMES)('the Collector accepts examples/collector/%s', async (name) => {
  const file = join(FOLDER, name)
  const variables = readFileSync(file, 'utf8').match(/(?<=\$\{env:)\w+/g) ?? []
  const env = { ...process.env, ...Object.fromEntries(variables.map((variable) => [variable, 'example'])) }
  const { stderr } = await workshop.run(programOf('collector'), ['validate', '--config', file], { env })
  expect(stderr).not.toMatch(/deprecated/i)
})
