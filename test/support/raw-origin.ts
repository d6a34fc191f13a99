import { createServer, type Socket } from 'node:net'

/** A server of one answer, byte for byte: sends it for each empty line that ends a head; may close then. */
export async function startRawOrigin(answer: string, closes: boolean) {
  const server = createServer((socket: Socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        text = text.slice(end + 4)
        socket.write(answer, 'latin1')
        if (closes) socket.end()
      }
    })
    socket.on('error', () => socket.destroy())
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address !== null && typeof address === 'object') resolve(address.port)
    })
  })
  return { port, close: () => new Promise((resolve) => server.close(resolve)) }
}
