import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { ServerCredentials } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startGrpcReceiver } from '../../../test/support/otlp-grpc-receiver.ts'
import { joined, SENT, surroundings } from '../../../test/support/otlp-sending.ts'
import { otlpTo } from '../../../test/support/otlp-settings.ts'
import { makePrivateAuthority, type PrivateAuthority } from '../../../test/support/private-authority.ts'
import { OperatorError } from '../../base/index.ts'
import type { Outcome } from '../delivery/parcel.ts'
import { openOtlpSender } from './sender.ts'

let authority: PrivateAuthority
let stranger: PrivateAuthority
beforeAll(async () => {
  authority = await makePrivateAuthority()
  stranger = await makePrivateAuthority()
})
afterAll(() => {
  authority[Symbol.dispose]()
  stranger[Symbol.dispose]()
})

const closing: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Changes = NonNullable<Parameters<typeof otlpTo>[2]>

describe.for(['grpc', 'http'] as const)('%s', (protocol) => {
  test('an authority of the operator is trusted', async () => {
    const port = await serve(protocol, false)
    expect(await send(protocol, `localhost:${port}`, { caFile: authority.caFile })).toEqual({
      kind: 'delivered',
    })
    expect(await send(protocol, `127.0.0.1:${port}`, { caFile: authority.caFile })).toEqual({
      kind: 'delivered',
    })
  })

  test('a scheme says it too', async () => {
    const port = await serve(protocol, false)
    const path = protocol === 'http' ? '/v1/logs' : ''
    const changes = { caFile: authority.caFile, tls: false }
    expect(await send(protocol, `https://localhost:${port}${path}`, changes)).toEqual({ kind: 'delivered' })
  })

  test('an unknown authority is not, and the reason is told', async () => {
    const port = await serve(protocol, false)
    for (const changes of [{}, { caFile: stranger.caFile }]) {
      expect(await send(protocol, `localhost:${port}`, changes)).toMatchObject({
        kind: 'again',
        why: expect.stringContaining('its certificate is of an unknown authority: name that as ca_file'),
      })
    }
  })

  test('a certificate for another host is not', async () => {
    const port = await serve(protocol, false)
    expect(await send(protocol, `127.0.0.2:${port}`, { caFile: authority.caFile })).toMatchObject({
      kind: 'again',
      why: expect.stringContaining('its certificate is for another host'),
    })
  })

  test('nothing is checked where the operator wants that', async () => {
    const port = await serve(protocol, false)
    for (const host of ['localhost', '127.0.0.2']) {
      expect(await send(protocol, `${host}:${port}`, { insecureSkipVerify: true })).toEqual({
        kind: 'delivered',
      })
    }
  })

  test('a certificate of the client is shown', async () => {
    const port = await serve(protocol, true)
    const { caFile, client } = authority
    expect(await send(protocol, `localhost:${port}`, { caFile, ...client })).toEqual({ kind: 'delivered' })
    expect((await send(protocol, `localhost:${port}`, { caFile })).kind).toBe('again')
    expect((await send(protocol, `localhost:${port}`, { caFile, ...stranger.client })).kind).toBe('again')
  })

  test('a receiver without TLS', async () => {
    const server = createPlainServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    expect(await send(protocol, `127.0.0.1:${port}`, { insecureSkipVerify: true })).toMatchObject({
      kind: 'again',
      why: expect.stringContaining('it does not speak TLS'),
    })
  })
})

describe('files that cannot be used are said when the store is opened', () => {
  test.for([
    ['a file that is not there', () => ({ caFile: `${authority.caFile}.none` }), /cannot read .*ENOENT/],
    ['a file of something else', () => ({ caFile: 'package.json' }), /is not in PEM/],
    [
      'a certificate without its key',
      () => ({ certFile: authority.client.certFile }),
      /cert_file stands alone/,
    ],
    [
      "the key of another's certificate",
      () => ({ certFile: authority.client.certFile, keyFile: stranger.client.keyFile }),
      /TLS files cannot be used/,
    ],
  ] as const)('%s', ([, changes, message]) => {
    for (const protocol of ['grpc', 'http'] as const) {
      const settings = otlpTo(protocol, 'localhost:1', { tls: true, ...changes() })
      const open = () => openOtlpSender(settings, 'logs', joined, surroundings())
      expect(open).toThrow(OperatorError)
      expect(open).toThrow(message)
    }
  })
})

async function serve(protocol: 'grpc' | 'http', wantsCertificate: boolean): Promise<number> {
  const key = readFileSync(authority.server.keyFile)
  const cert = readFileSync(authority.server.certFile)
  const ca = readFileSync(authority.caFile)
  if (protocol === 'grpc') {
    const pair = [{ private_key: key, cert_chain: cert }]
    const credentials = ServerCredentials.createSsl(ca, pair, wantsCertificate)
    const receiver = await startGrpcReceiver(() => new Uint8Array(), { credentials, address: '0.0.0.0:0' })
    closing.push(async () => receiver.close())
    return receiver.port
  }
  const options = { key, cert, ca, requestCert: wantsCertificate, rejectUnauthorized: wantsCertificate }
  const server = createServer(options, (request, response) => {
    request.resume()
    request.once('end', () => response.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function send(protocol: 'grpc' | 'http', endpoint: string, changes: Changes): Promise<Outcome> {
  const settings = otlpTo(protocol, endpoint, { tls: true, timeoutMs: 3_000, ...changes })
  const sender = openOtlpSender(settings, 'logs', joined, surroundings())
  closing.push(() => sender.close())
  return await sender.send(SENT)
}
