import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '../support/origin.ts'
import { openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
/** No two of them share six characters. */
const SECRETS = {
  bearer: 'aB3dE5fG7hJ9kL1m',
  cookie: 'Zq8Wx6Cv4Bn2Ms0Lp',
  query: 'tok-19f3a7c55e',
  json: 'hunter2-battery-staple',
  nested: 'nEstEd.KeY.77013',
  gzip: 'squeezed-4471-pulp',
  chunked: 'halved-on-its-way-90210',
  form: 'filled-in-8852-by-hand',
  pattern: 'ACME-0042-7719-XK',
  answer: 'renewed-5a5a-9b9b',
  path: 'ACME-1111-2222-YZ',
} as const

const CONFIG = `version: 2
services: { event_stores: [{ type: stdout }], object_stores: [{ type: stdout }] }
stacks:
  e2e:
    plugins:
      - type: http_capture
        config:
          level: full
          redact:
            credentials: true
            query: [ticket]
            json_paths: ['$.deep.list[*].inner']
            patterns: ['ACME-[0-9]{4}-[0-9]{4}-[A-Z]{2}']
      - { type: access_logs, config: { mode: full, format: json } }
      - { type: debug, config: { mode: full } }
      - { type: report_usage }
      - type: detect_errors
        config:
          rules:
            - { name: all, trigger_status_codes: [2xx, 4xx], report_as_issue: true, record_req_headers: true,
                record_req_body: true, record_res_headers: true, record_res_body: true }
tap: { direction: all, http: { stack: e2e } }
`

let workshop: Workshop
let server: Server
let base: string
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  server = createServer((request, response) => {
    request.resume()
    request.once('end', () => {
      response.setHeader('set-cookie', [`sid=${SECRETS.cookie}; Path=/`])
      if (request.url === '/gzip') {
        response.setHeader('content-encoding', 'gzip')
        response.setHeader('content-type', 'application/json')
        response.end(gzipSync(JSON.stringify({ user: 'jo', password: SECRETS.gzip })))
      } else if (request.url === '/chunks') {
        response.setHeader('content-type', 'application/json')
        const half = Math.floor(SECRETS.chunked.length / 2)
        response.write(`{"seen":"yes","access_token":"${SECRETS.chunked.slice(0, half)}`)
        setImmediate(() => response.end(`${SECRETS.chunked.slice(half)}"}`))
      } else {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ refresh_token: SECRETS.answer, note: `see ${SECRETS.pattern}` }))
      }
    })
  })
  base = `http://localhost:${await listen(server)}`
  agent = await startWatching(workshop, { config: CONFIG, keepsWritten: true })
})
afterAll(async () => {
  server.close()
  await workshop.close()
})

test('what is redacted is in no object, no event, no line and no log, while the rest is all there', async () => {
  const json = { plain: 'visible-words', api_key: SECRETS.json, deep: { list: [{ inner: SECRETS.nested }] } }
  const packed = join(workshop.folder, 'packed')
  writeFileSync(packed, gzipSync(JSON.stringify({ visible: 'packed-words', client_secret: SECRETS.gzip })))
  await curl('/gzip')
  await curl('/chunks')
  await curl(
    `/a/${SECRETS.path}?ticket=${SECRETS.query}&page=7`,
    '-H',
    `Authorization: Bearer ${SECRETS.bearer}`,
    '-H',
    `Cookie: sid=${SECRETS.cookie}`,
    '-H',
    'Content-Type: application/json',
    '-d',
    JSON.stringify(json),
  )
  await curl('/form', '-d', `user=jo&password=${SECRETS.form}&comment=visible-comment`)
  await curl(
    '/packed',
    '-H',
    'Content-Type: application/json',
    '-H',
    'Content-Encoding: gzip',
    '--data-binary',
    `@${packed}`,
  )
  await agent.exchanges.until(({ exe, url }) => exe === CURL && url.endsWith('/packed'))
  await agent.stop()

  const sinks = [
    ...agent.written.output,
    ...agent.written.log,
    ...agent.exchanges.all.map(({ object }) => object),
    ...agent.written.output.map(decodedObject),
  ].join('\n')
  for (const word of ['visible-words', 'packed-words', 'visible-comment', 'page=7', '"user":"jo"'])
    expect(plainly(sinks).includes(word), word).toBe(true)
  for (const type of ['Connection', 'Request', 'Issue', 'ArtifactRecord'])
    expect(agent.events.all.some((event) => event.type === `*eventstore.${type}`)).toBe(
      type !== 'ArtifactRecord',
    )
  for (const [name, secret] of Object.entries(SECRETS)) expect(leaksOf(sinks, secret), name).toEqual([])
})

/** The bytes of an object that a line carries, whatever kind of object it is. */
function decodedObject(line: string): string {
  const found = /"data_base64":"([^"]*)"/.exec(line)
  return found === null ? '' : Buffer.from(found[1] ?? '', 'base64').toString('utf8')
}

/** JSON inside JSON, read. */
function plainly(text: string): string {
  return text.replaceAll('\\"', '"')
}

/** Every form in which the secret, or six characters of it, could be written. */
function leaksOf(text: string, secret: string): readonly string[] {
  const pieces = Array.from({ length: secret.length - 5 }, (_, at) => secret.slice(at, at + 6))
  const forms = pieces.flatMap((piece) => [
    piece,
    encodeURIComponent(piece),
    Buffer.from(piece).toString('base64').replaceAll('=', ''),
    Buffer.from(piece).toString('hex'),
  ])
  return [...new Set(forms)].filter((form) => text.includes(form))
}

function curl(path: string, ...options: readonly string[]): Promise<unknown> {
  return workshop.run(CURL, ['-sS', ...options, `${base}${path}`])
}
