// Makes HTTP/2 traffic for one trace on this host's loopback, client and server in one process, all made up:
//   node test/traces/http2.js WHAT-HAPPENS
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createSecureServer, createServer } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const WORDS = 'The quick brown fox jumps over the lazy dog. '
const STREAMS = 12

const TRACES = {
  'http2-multiplexed': { serve: servePages, ask: askAtOnce },
  'http2-tls': { serve: servePages, ask: askAtOnce, tls: true },
  'grpc-calls': { serve: serveCalls, ask: askCalls },
}

function servePages(stream, headers) {
  stream.on('error', () => {})
  const number = Number(/\d+/.exec(headers[':path'])?.[0])
  if (number === 3) stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' })
  if (number === 5) {
    stream.close(7)
    return
  }
  const text = WORDS.repeat(number)
  const coded = number === 4
  stream.respond(
    { ':status': number === 6 ? 404 : 200, 'content-type': 'text/plain', ...(coded && { 'content-encoding': 'gzip' }) },
    { waitForTrailers: true },
  )
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-number': String(number) }))
  stream.resume()
  stream.on('end', () => stream.end(coded ? gzipSync(text) : text))
}

/** All requests are under way at once, half of them with content. */
async function askAtOnce(client) {
  const streams = Array.from({ length: STREAMS }, (_, index) => {
    const hasContent = index % 2 === 1
    const stream = client.request(
      { ':method': hasContent ? 'POST' : 'GET', ':path': `/page/${index}?all=1`, 'user-agent': 'trace/1.0' },
      { endStream: !hasContent },
    )
    if (hasContent) stream.end(WORDS.repeat(index))
    return stream
  })
  await Promise.all(streams.map(ended))
}

/** A message of gRPC: a flag, its length, and what it says. */
function message(text) {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(text.length, 1)
  return Buffer.concat([prefix, Buffer.from(text)])
}

function serveCalls(stream, headers) {
  const fails = headers[':path'].endsWith('/Refuse')
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () =>
    stream.sendTrailers(fails ? { 'grpc-status': '5', 'grpc-message': 'no%20such%20fox' } : { 'grpc-status': '0' }),
  )
  stream.resume()
  stream.on('end', () => {
    if (headers[':path'].endsWith('/List')) for (const word of WORDS.trim().split(' ')) stream.write(message(word))
    else if (!fails) stream.write(message('pong'))
    stream.end()
  })
}

async function askCalls(client) {
  for (const [method, ...texts] of [['Ping', 'ping'], ['List', 'all'], ['Collect', 'a', 'b', 'c'], ['Refuse', 'x']]) {
    const stream = client.request({
      ':method': 'POST',
      ':path': `/animals.Foxes/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    for (const text of texts) stream.write(message(text))
    stream.end()
    await ended(stream)
  }
}

async function ended(stream) {
  stream.resume()
  stream.on('error', () => {})
  await once(stream, 'close').catch(() => {})
}

function identity() {
  const folder = mkdtempSync(join(tmpdir(), 'trace-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=example.test']
  execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const made = { key: readFileSync(key), cert: readFileSync(cert) }
  rmSync(folder, { recursive: true })
  return made
}

async function main(name) {
  const trace = TRACES[name]
  if (trace === undefined) throw new Error(`one of ${Object.keys(TRACES).join(', ')}`)
  const server = trace.tls ? createSecureServer(identity()) : createServer()
  server.on('stream', trace.serve)
  server.on('sessionError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const scheme = trace.tls ? 'https' : 'http'
  const client = connect(`${scheme}://localhost:${server.address().port}`, { rejectUnauthorized: false })
  await trace.ask(client)
  client.close()
  await once(client, 'close')
  server.close()
}

await main(process.argv[2])
