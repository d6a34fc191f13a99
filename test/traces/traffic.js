// Makes the traffic of one trace on this host's loopback, client and server in one process, all of it made up:
//   node test/traces/traffic.js WHAT-HAPPENS
// A turn is what the client asks; the server sends its answer once all of that has come, and the next turn begins.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'

const WORDS = 'The quick brown fox jumps over the lazy dog. '
const KILOBYTE = WORDS.repeat(23).slice(0, 1_024)

const head = (line, ...fields) => `${[line, ...fields].join('\r\n')}\r\n\r\n`
const get = (path, ...fields) => head(`GET ${path} HTTP/1.1`, 'Host: example.test', ...fields)
const ok = (body, ...fields) => head('HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields) + body
const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`

const keptAlive = () =>
  Array.from({ length: 200 }, (_, index) => ({
    asks: get(`/items/${index + 1}?page=1`, 'User-Agent: trace/1.0', 'Accept: text/plain'),
    answer: ok(KILOBYTE, 'Content-Type: text/plain', 'Server: trace/1.0'),
  }))

const TRACES = {
  'pipelined-requests': () => ({
    turns: [
      {
        asks: get('/first') + get('/second') + get('/third', 'Connection: close'),
        answer: ok('one') + head('HTTP/1.1 404 Not Found', 'Content-Length: 4') + 'none' + ok('three'),
      },
    ],
  }),
  'chunked-with-trailers': () => ({
    turns: [
      {
        asks:
          head('POST /up HTTP/1.1', 'Host: example.test', 'Transfer-Encoding: chunked', 'Trailer: X-Sent') +
          `${chunk('first piece, ')}${chunk('second piece')}0\r\nX-Sent: 25\r\n\r\n`,
        answer:
          head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-Checksum, X-Count', 'Content-Type: text/plain') +
          `${chunk(WORDS)}${chunk(KILOBYTE)}0\r\nX-Checksum: abc123\r\nX-Count: 2\r\n\r\n`,
      },
      { asks: get('/next'), answer: ok('next') },
    ],
  }),
  '1xx-before-final': () => ({
    turns: [
      {
        asks: head('PUT /file HTTP/1.1', 'Host: example.test', 'Content-Length: 5', 'Expect: 100-continue'),
        answer: head('HTTP/1.1 100 Continue'),
      },
      {
        asks: 'hello',
        answer:
          head('HTTP/1.1 103 Early Hints', 'Link: </style.css>; rel=preload') +
          head('HTTP/1.1 201 Created', 'Content-Length: 4') +
          'kept',
      },
      { asks: get('/next'), answer: ok('next') },
    ],
  }),
  'upgrade-to-websocket': () => ({
    turns: [
      {
        asks: get('/live', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='),
        answer:
          head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=') +
          '\x81\x05hello',
      },
      // A masked frame, and its answer in the clear.
      { asks: '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58', answer: '\x81\x03GET' },
    ],
  }),
  'close-delimited-response': () => ({
    turns: [{ asks: get('/until-close'), answer: `${head('HTTP/1.1 200 OK', 'Content-Type: text/plain')}${KILOBYTE}` }],
    serverEnds: true,
  }),
  'head-with-content-length': () => ({
    turns: [
      {
        asks: head('HEAD /large HTTP/1.1', 'Host: example.test'),
        answer: head('HTTP/1.1 200 OK', 'Content-Length: 5000', 'Content-Type: text/plain'),
      },
      { asks: get('/small'), answer: ok('small') },
    ],
  }),
  'gzip-body': () => ({
    turns: [
      {
        asks: get('/page', 'Accept-Encoding: gzip'),
        answer: ok(gzipSync(KILOBYTE.repeat(8)).toString('latin1'), 'Content-Encoding: gzip', 'Content-Type: text/plain'),
      },
    ],
  }),
  'keep-alive-plain': () => ({ turns: keptAlive() }),
  'keep-alive-tls': () => ({ turns: keptAlive(), tls: 'TLSv1.3' }),
  'tls-1-2': () => ({ turns: keptAlive().slice(0, 3), tls: 'TLSv1.2' }),
}

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'traffic-'))
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'certificate')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=example.test', ...files], { stdio: 'pipe' })
  const made = { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'certificate')) }
  rmSync(folder, { recursive: true })
  return made
}

function answering({ turns, serverEnds = false }) {
  return (socket) => {
    let text = ''
    let at = 0
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let turn = turns[at]; turn && text.length >= turn.asks.length; turn = turns[at]) {
        text = text.slice(turn.asks.length)
        at += 1
        socket.write(turn.answer, 'latin1')
        if (serverEnds && at === turns.length) socket.end()
      }
    })
  }
}

/** Takes turns: asks, and waits for the whole answer. */
async function talk(socket, { turns, serverEnds = false }) {
  const left = { bytes: 0 }
  socket.on('data', (bytes) => {
    left.bytes -= bytes.length
    if (left.bytes === 0) socket.emit('answered')
  })
  for (const { asks, answer } of turns) {
    left.bytes += answer.length
    const answered = once(socket, 'answered')
    socket.write(asks, 'latin1')
    await answered
  }
  const closed = once(socket, 'close')
  if (!serverEnds) socket.end()
  await closed
}

async function main(name) {
  const traffic = TRACES[name]?.()
  if (!traffic) throw new Error(`no traffic of this name; there are: ${Object.keys(TRACES).join(', ')}`)
  const { tls } = traffic
  const server = tls ? createTlsServer(certificate(), answering(traffic)) : createServer(answering(traffic))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  // This trace's own server, with a certificate of a minute ago: there is nobody to distrust.
  const options = { rejectUnauthorized: false, servername: 'example.test', minVersion: tls, maxVersion: tls }
  const socket = tls ? connectTls(port, '127.0.0.1', options) : connect(port, '127.0.0.1')
  await once(socket, tls ? 'secureConnect' : 'connect')
  await talk(socket, traffic)
  server.close()
}

await main(process.argv[2])
