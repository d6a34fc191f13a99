import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Captured } from '../support/captured.ts'
import { type OwnNetwork, openNetwork } from '../support/own-network.ts'
import { openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { QTAP, startWatching } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const FIXTURES = join(import.meta.dirname, '../fixtures/documented')
const WHOLE = ['otel-for-all.yaml', 'otel-events-s3-objects.yaml'] as const

let workshop: Workshop
let network: OwnNetwork
beforeAll(async () => {
  workshop = openWorkshop()
  // These files leave loopback alone.
  network = await openNetwork(workshop)
})
afterAll(async () => {
  await workshop.close()
  network.close()
})

test('the documents have these files', () => {
  expect(readdirSync(FIXTURES)).toEqual(expect.arrayContaining([...WHOLE]))
})

test.each(readdirSync(FIXTURES))('%s is valid', async (name) => {
  const { stdout } = await workshop.run(QTAP, ['validate', join(FIXTURES, name)])
  expect(stdout.toString()).toMatch(/Config is valid\.\n$/)
})

test.each([
  ['otel-for-all.yaml', [200, 204, 302, 404, 500]],
  ['otel-events-s3-objects.yaml', [404, 410, 500, 503]],
] as const)('%s: whole exchanges are stored for %j only', async (name, whole) => {
  const agent = await startWatching(workshop, { config: toTerminal(name) })
  const statuses = [200, 204, 302, 404, 410, 500, 503]
  const question = JSON.stringify({ question: 'what is asked' })
  for (const status of statuses)
    await network.run(CURL, '-sS', '-d', question, `http://shop.names.test/${status}?n=1`)
  await network.run(CURL, '-sS', 'http://127.0.0.1/200?loopback')
  const exchanges = await agent.exchanges.until(({ exe }) => exe === CURL, statuses.length)
  await agent.stop()

  expect(exchanges.map(({ status }) => status)).toEqual(statuses)
  for (const one of exchanges) {
    const isWhole = name === 'otel-for-all.yaml' || whole.some((status) => status === one.status)
    expect(partsOf(one), String(one.status)).toEqual({
      direction: 'egress-internal',
      headers: isWhole,
      request: isWhole ? question : '',
      response: isWhole && one.status !== 204 ? `answer ${one.status}` : '',
    })
  }
  // Only what this host opens, nothing on loopback, and nothing of the agent itself.
  expect(agent.exchanges.all).toHaveLength(statuses.length)
})

function partsOf({ direction, requestHeaders, request, response }: Captured) {
  return {
    direction,
    headers: 'user-agent' in requestHeaders,
    request: request.bytes.toString(),
    response: response.bytes.toString(),
  }
}

/** The file as it is documented, but with objects on standard output, where the test sees them. */
function toTerminal(name: string): string {
  const file: Record<string, unknown> = parse(readFileSync(join(FIXTURES, name), 'utf8'))
  return stringify({ ...file, services: { object_stores: [{ type: 'stdout' }] } })
}
