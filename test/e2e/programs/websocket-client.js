// A conversation by ws: URL CA-FILE COMPRESSION TALK. Says what TALK names, prints a line once all answers
// came, and when its standard input ends it closes and prints what it heard.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import WebSocket from 'ws'

const [url, ca, compression, talk] = process.argv.slice(2)
const LARGE_BYTES = 3 << 20
const FRAGMENT_BYTES = 256 << 10
const perMessageDeflate = compression === 'deflate' ? { threshold: 0 } : false
const socket = new WebSocket(url, { ca: readFileSync(ca), perMessageDeflate, headers: { 'X-Talk': talk } })

const TALKS = {
  /** Every kind of frame, and one message in three fragments. */
  small() {
    socket.send('Grüße')
    socket.ping('are you there?')
    socket.send(Buffer.from([0, 1, 2, 255]))
    socket.send('in ', { fin: false })
    socket.send('three ', { fin: false })
    socket.send('fragments', { fin: true })
    socket.send('')
    socket.send('again and again '.repeat(100))
    return { answers: 5, pongs: 1 }
  },
  /** A large message as programs send it that read it from somewhere, fragment by fragment. */
  large() {
    socket.send('before')
    const large = Buffer.alloc(LARGE_BYTES, 'large ')
    sendFrom(0)
    return { answers: 3, pongs: 0 }

    function sendFrom(at) {
      const end = at + FRAGMENT_BYTES
      const fin = end >= large.length
      socket.send(large.subarray(at, end), { fin }, () => (fin ? socket.send('after') : sendFrom(end)))
    }
  },
  /** The same in one frame, which is one call of the system. */
  whole() {
    socket.send('before')
    socket.send(Buffer.alloc(LARGE_BYTES, 'large '))
    socket.send('after')
    return { answers: 3, pongs: 0 }
  },
}

const heard = []
let awaited = { answers: Number.POSITIVE_INFINITY, pongs: 0 }
let pongs = 0

function look() {
  if (heard.length === awaited.answers && pongs >= awaited.pongs) console.log('answered')
}

socket.on('open', () => {
  awaited = TALKS[talk]()
})
socket.on('message', (bytes, isBinary) => {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  heard.push({ type: isBinary ? 'binary' : 'text', length: bytes.length, sha256 })
  look()
})
socket.on('pong', () => {
  pongs += 1
  look()
})
socket.on('close', (code, reason) => {
  console.log(JSON.stringify({ heard, code, reason: reason.toString() }))
})
process.stdin.once('end', () => {
  if (socket.readyState === WebSocket.OPEN) socket.close(4001, 'genug')
})
process.stdin.resume()
