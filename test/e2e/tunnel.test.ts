import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Origin, PAGE, startOrigin } from '../support/origin.ts'
import {
  type Certificate,
  makeCertificate,
  openWorkshop,
  pathOf,
  type Workshop,
} from '../support/programs.ts'
import { startWatching, type WatchingAgent } from '../support/watching-agent.ts'

const CURL = pathOf('curl')
const NODE = pathOf(process.execPath)

let workshop: Workshop
let certificate: Certificate
let origin: Origin
let proxy: Server
let proxyUrl: string
let agent: WatchingAgent
beforeAll(async () => {
  workshop = openWorkshop()
  certificate = await makeCertificate(workshop)
  origin = await startOrigin(certificate)
  proxy = await startProxy()
  proxyUrl = `http://localhost:${portOf(proxy)}`
  agent = await startWatching(workshop)
})
afterAll(async () => {
  proxy.close()
  await origin.close()
  await workshop.close()
})

test('what curl asks through a CONNECT tunnel is seen at every end, inside TLS too', async () => {
  const paths = ['/page/tunnel-1', '/page/tunnel-2']
  await curl(paths.map((path) => origin.tls + path))
  for (const path of paths) {
    // curl at its proxy; the proxy's two connections, and the origin.
    const ofCurl = await agent.exchanges.until(({ exe, url }) => exe === CURL && url === origin.tls + path)
    const ofNode = await agent.exchanges.until(({ exe, url }) => exe === NODE && url === origin.tls + path, 3)
    for (const captured of [...ofCurl, ...ofNode]) {
      expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
      expect(captured.response.bytes.toString()).toBe(PAGE)
    }
  }
  const url = `http://localhost:${origin.ports.tls}`
  for (const exe of [CURL, NODE]) {
    const [asked] = await agent.exchanges.until((one) => one.exe === exe && one.method === 'CONNECT')
    expect(asked).toMatchObject({ url, status: 200, completeness: 'complete' })
  }
})

test('plain HTTP through a tunnel is seen', async () => {
  const path = '/page/plain-tunnel'
  await curl([origin.plain + path], ['--proxytunnel'])
  const isOne = ({ url }: { readonly url: string }) => url === origin.plain + path
  for (const captured of await agent.exchanges.until(isOne, 4)) {
    expect(captured).toMatchObject({ method: 'GET', status: 200, completeness: 'complete' })
    expect(captured.response.bytes.toString()).toBe(PAGE)
  }
})

function curl(urls: readonly string[], options: readonly string[] = []) {
  const outputs = urls.flatMap(() => ['-o', join(workshop.folder, 'got')])
  const all = ['-sS', '--http1.1', '-x', proxyUrl, '--cacert', certificate.certificateFile, ...options]
  return workshop.run(CURL, [...all, ...outputs, ...urls])
}

/** Grants every tunnel. */
async function startProxy(): Promise<Server> {
  const server = createServer()
  server.on('connect', ({ url = '' }, client, head) => {
    const to = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      to.write(head)
      to.pipe(client).pipe(to)
    })
    to.on('error', () => client.destroy())
    client.on('error', () => to.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return address === null || typeof address === 'string' ? 0 : address.port
}
