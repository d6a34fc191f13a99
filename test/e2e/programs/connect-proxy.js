// A proxy that opens tunnels (RFC 9110 §9.3.6) and nothing else. Prints its port, then for each tunnel that is
// over what passed between it and its client. Tunnels to port 9 are refused.
import { createServer } from 'node:http'
import { connect } from 'node:net'

const DISCARD_PORT = '9'
const proxy = createServer((_request, response) => {
  response.writeHead(405)
  response.end()
})
proxy.on('connect', ({ url }, client, first) => {
  const [host, port] = url.split(':')
  client.on('error', () => client.destroy())
  if (port === DISCARD_PORT) {
    client.end('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nRefused')
    return
  }
  const origin = connect(port, host)
  origin.once('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\nProxy-Agent: tunnels\r\n\r\n')
    origin.write(first)
    client.pipe(origin).pipe(client)
  })
  client.on('error', () => origin.destroy())
  origin.on('error', () => client.destroy())
  // Nobody reads the client any more then, so its end would not be seen.
  origin.once('close', () => client.resume())
  client.once('close', () => {
    const { bytesRead: receivedBytes, bytesWritten: sentBytes } = client
    console.log(JSON.stringify({ to: url, receivedBytes, sentBytes }))
  })
})
proxy.listen(0, '127.0.0.1', () => console.log(proxy.address().port))
