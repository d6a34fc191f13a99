import type { Side } from '../../src/connections/index.ts'
import type { Decoder, Message } from '../../src/decoders/index.ts'

/**
 * What happens on a connection: `>` the client's bytes (Latin-1), `<` the server's, `>?`/`<?` a hole, `x`
 * the close.
 */
export type Step = readonly ['>' | '<', string] | readonly ['>?' | '<?', number | undefined] | readonly ['x']

/** Plays the steps and gives the message log, adjacent content of one stream put together. */
export function play(decoder: Decoder, steps: readonly Step[]): string[] {
  const log: string[] = []
  let body: { readonly key: string; text: string } | undefined
  for (const step of steps) {
    for (const message of playStep(decoder, step)) {
      const key = message.kind === 'body' ? `#${message.streamId} ${arrow(message.from)} body ` : ''
      if (message.kind === 'body' && body?.key === key) {
        body.text += latin1(message.bytes)
        continue
      }
      flush()
      if (message.kind === 'body') body = { key, text: latin1(message.bytes) }
      else log.push(lineOf(message))
    }
  }
  flush()
  return log

  function flush(): void {
    if (body !== undefined) log.push(body.key + JSON.stringify(body.text))
    body = undefined
  }
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** Messages that one step leads to. */
export function playStep(decoder: Decoder, step: Step): readonly Message[] {
  switch (step[0]) {
    case '>':
    case '<':
      return decoder.bytes(sideOf(step[0]), bytesOf(step[1]))
    case '>?':
    case '<?':
      return decoder.gap(sideOf(step[0]), step[1])
    case 'x':
      return decoder.closed()
    default:
      return step satisfies never
  }
}

function sideOf(word: string): Side {
  return word.startsWith('>') ? 'client' : 'server'
}

function lineOf(message: Exclude<Message, { kind: 'body' }>): string {
  const stream = 'streamId' in message ? `#${message.streamId}` : ''
  switch (message.kind) {
    case 'request':
      return `${stream} ${message.method} ${message.target} ${message.version}${fields(message.headers)}`
    case 'interim':
      return `#${message.streamId} interim ${message.status}${fields(message.headers)}`
    case 'response':
      return `${stream} ${message.version} ${message.status} ${message.reason}${fields(message.headers)}`
    case 'passed':
      return `#${message.streamId} ${arrow(message.from)} passed ${message.bytes}`
    case 'piece': {
      const { streamId, from, type, bytes, wireBytes, ends, cut } = message
      const text = JSON.stringify(latin1(bytes))
      const marks = `${ends ? ' ends' : ''}${cut ? ' cut' : ''}`
      return `#${streamId} ${arrow(from)} ${type} ${text} ${wireBytes}${marks}`
    }
    case 'missing':
      return `#${message.streamId} ${arrow(message.from)} missing ${message.bytes}`
    case 'trailers':
      return `#${message.streamId} ${arrow(message.from)} trailers${fields(message.headers)}`
    case 'end':
      return `#${message.streamId} ${arrow(message.from)} end ${message.cut ?? message.wireBytes}`
    case 'switch':
      return `switch: ${message.switched.to}`
    case 'rest':
      return `${arrow(message.from)} rest ${JSON.stringify(latin1(message.bytes))}`
    case 'opaque':
      return `opaque: ${message.why}`
    default:
      return message satisfies never
  }
}

function fields(headers: readonly (readonly [string, string])[]): string {
  return headers.map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join('')
}

function arrow(from: Side): string {
  return from === 'client' ? '>' : '<'
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
