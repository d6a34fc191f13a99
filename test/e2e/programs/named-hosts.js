// A name server and a web server, for a network of their own: every name of `names.test` is ADDRESS.
// Words: the address, and the time in seconds after which it ends by itself.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'

const [, , address = '', seconds = '60'] = process.argv
const TYPE_A = 1

/** The query with an answer behind it: RFC 1035 §4.1, the name by a pointer to the question. */
function answerTo(query) {
  const end = query.indexOf(0, 12) + 5
  const question = query.subarray(12, end)
  const isA = query.readUInt16BE(end - 4) === TYPE_A
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(isA ? 1 : 0, 6)
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)])
  return Buffer.concat([header, question, ...(isA ? [answer] : [])])
}

const udp = createSocket('udp4')
udp.on('message', (query, from) => udp.send(answerTo(query), from.port, from.address))
udp.bind(53, address)

const tcp = createTcpServer((socket) => {
  let held = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      const length = held.readUInt16BE(0)
      const answer = answerTo(held.subarray(2, 2 + length))
      const size = Buffer.alloc(2)
      size.writeUInt16BE(answer.length)
      socket.write(Buffer.concat([size, answer]))
      held = held.subarray(2 + length)
    }
  })
})
tcp.listen(53, address)

const web = createServer((request, response) => {
  const asked = /^\/([2-5]\d\d)\b/.exec(request.url ?? '')?.[1]
  request.resume()
  request.once('end', () => {
    response.writeHead(Number(asked ?? 200), { 'content-type': 'text/plain' })
    response.end(asked === undefined ? 'named' : `answer ${asked}`)
  })
})
web.listen(80, () => console.log('ready'))
setTimeout(() => process.exit(), Number(seconds) * 1000)
