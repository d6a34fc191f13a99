// All kinds of calls by grpc-js: HOST:PORT RUN CA-FILE, without a file in plain text. Prints how each ended.
import { readFileSync } from 'node:fs'
import { Client, credentials, Metadata } from '@grpc/grpc-js'

const [address, run, ca = ''] = process.argv.slice(2)
const channel = ca === '' ? credentials.createInsecure() : credentials.createSsl(readFileSync(ca))
const client = new Client(address, channel)
const GZIP = 2
const compressing = new Client(address, channel, { 'grpc.default_compression_algorithm': GZIP })
const LARGE_BYTES = 1 << 20
const same = (bytes) => bytes
const told = {}

function metadataOf(name) {
  const metadata = new Metadata()
  metadata.set('x-run', `${run}-${name}`)
  metadata.set('x-odd-bin', Buffer.from([0, 255, 10]))
  return metadata
}

/** Follows a call to its end; an answer of one message is given to `answered`. */
function follow(name, open, use = () => {}) {
  return new Promise((resolve) => {
    const messages = []
    let pending = 2
    const call = open(`/e2e.v1.Talk/${name.split('-')[0]}`, metadataOf(name), (_error, message) => {
      if (message) messages.push(message)
      done()
    })
    call.on('data', (message) => messages.push(message))
    call.on('end', done)
    call.on('error', done)
    call.on('status', ({ code, details, metadata }) => {
      told[name] = { code, details, end: metadata.get('x-end')[0] ?? '' }
      done()
    })
    use(call)

    function done() {
      pending -= 1
      if (pending > 0) return
      told[name].messages = messages.map((message) => message.length)
      resolve()
    }
  })
}

const unary =
  (message, options = {}, by = client) =>
  (path, metadata, answered) =>
    by.makeUnaryRequest(path, same, same, message, metadata, options, answered)
const serverStream = (message) => (path, metadata) =>
  client.makeServerStreamRequest(path, same, same, message, metadata)
const clientStream = (path, metadata, answered) =>
  client.makeClientStreamRequest(path, same, same, metadata, answered)
const bothStream = (path, metadata) => client.makeBidiStreamRequest(path, same, same, metadata)
const say = (texts) => (call) => {
  for (const text of texts) call.write(Buffer.from(text))
  call.end()
}

await follow('Echo', unary(Buffer.from('Grüße')))
await follow('Echo-large', unary(Buffer.alloc(LARGE_BYTES, 'large ')))
await follow('Echo-gzip', unary(Buffer.alloc(LARGE_BYTES, 'smaller '), {}, compressing))
await follow('Count', serverStream(Buffer.from('5')))
await follow('Sum', clientStream, say(['a', 'bb', '']))
await follow('Chat', bothStream, say(['one', 'two', 'three', 'four']))
await follow('Fail', unary(Buffer.from('nicht gefunden: 100 % ☃')))
await follow('Wait-deadline', unary(Buffer.from('x'), { deadline: Date.now() + 300 }))
await follow('Wait-cancel', unary(Buffer.from('x')), (call) => call.once('metadata', () => call.cancel()))
// Many at once, on the one connection.
await Promise.all(
  Array.from({ length: 50 }, (_, index) => follow(`Echo-many${index}`, unary(Buffer.from(`many ${index}`)))),
)
console.log(JSON.stringify(told))
client.close()
compressing.close()
