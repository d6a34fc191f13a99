// Makes a conversation over WebSocket with compression on this host's loopback: node test/traces/websocket.js
import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'

const WORDS = 'The quick brown fox jumps over the lazy dog. '

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: { threshold: 0 } })
await once(server, 'listening')
server.on('connection', (socket) => {
  socket.on('message', (bytes, isBinary) => {
    if (isBinary) socket.send(bytes)
    else socket.send(Buffer.concat([Buffer.from('heard: '), bytes]), { binary: false })
  })
})
const client = new WebSocket(`ws://127.0.0.1:${server.address().port}/live`, { perMessageDeflate: { threshold: 0 } })
await once(client, 'open')
for (const said of ['hello', WORDS.repeat(20), Buffer.from([0, 1, 2, 250]), WORDS.repeat(20)]) {
  client.send(said)
  await once(client, 'message')
}
client.ping('there?')
await once(client, 'pong')
client.close(4001, 'done')
await once(client, 'close')
server.close()
