import { Agent, type IncomingMessage, request } from 'node:http'
import { StringDecoder } from 'node:string_decoder'
import type { ContainerFacts } from '../events.ts'
import { isMissing, readEvent, readInspected, readListed, readVersion } from './docker-answers.ts'
import { ANSWER_BYTES_MAX, CALL_MS, type Hearing, type Session } from './session.ts'

/** Of one event; those of Docker have a few hundred characters and the labels. */
const EVENT_CHARS_MAX = 1 << 20
const CONNECTIONS_MAX = 4
const EVENTS = ['create', 'start', 'rename', 'die', 'destroy']

/** Docker's API over its UNIX socket: its events from now on, then questions. */
export async function connectDocker(path: string, hearing: Hearing): Promise<Session> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX })
  try {
    const version = readVersion(await ask('/version'))
    const events = await follow(`/v${version}/events?filters=${filters()}`)
    return {
      list: async () => readListed(await ask(`/v${version}/containers/json`), hearing.counter),
      ask: (fullId) => inspect(`/v${version}/containers/${fullId}/json`),
      over: new Promise((resolve) => events.once('close', () => resolve())),
      close: () => {
        events.destroy()
        agent.destroy()
      },
    }
  } catch (error) {
    agent.destroy()
    throw error
  }

  async function inspect(target: string): Promise<ContainerFacts | undefined> {
    const answer = await ask(target)
    return isMissing(answer) ? undefined : readInspected(answer, hearing.counter)
  }

  /** What is answered with 200 or 404. */
  async function ask(target: string): Promise<unknown> {
    const response = await open(target, agent)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of response) {
      if (!(chunk instanceof Buffer)) continue
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too long')
      chunks.push(chunk)
    }
    if (response.statusCode !== 200 && response.statusCode !== 404)
      throw new Error(`answered with ${response.statusCode}`)
    return JSON.parse(Buffer.concat(chunks).toString())
  }

  /** Resolves when the head of the answer is there; the whole of an answer may take as long again. */
  function open(target: string, through: Agent | false, wholeMs = CALL_MS): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: path, path: target, agent: through, headers: { host: 'docker' } })
      let timer = setTimeout(() => asked.destroy(new Error('no answer in time')), CALL_MS)
      asked.on('error', reject)
      asked.once('close', () => clearTimeout(timer))
      asked.once('response', (response) => {
        clearTimeout(timer)
        if (wholeMs > 0) timer = setTimeout(() => response.destroy(new Error('no end in time')), wholeMs)
        resolve(response)
      })
      asked.end()
    })
  }

  async function follow(target: string): Promise<IncomingMessage> {
    const response = await open(target, false, 0)
    response.on('error', () => {}) // Its end is told by 'close'.
    if (response.statusCode !== 200) {
      response.destroy()
      throw new Error(`answered with ${response.statusCode}`)
    }
    const decoder = new StringDecoder('utf8')
    const take = lineReader(hear, () => {
      hearing.counter.runtimeMessagesRefused += 1
    })
    response.on('data', (chunk: Buffer) => take(decoder.write(chunk)))
    return response
  }

  function hear(line: string): void {
    const event = readEvent(line, hearing.counter)
    if (event === undefined) return
    if (event.facts) hearing.told(event.fullId, event.facts)
    else hearing.ended(event.fullId)
  }
}

/** Cuts a text that comes in pieces into lines; one that is too long is passed over and counted. */
export function lineReader(take: (line: string) => void, refuse: () => void): (piece: string) => void {
  let rest = ''
  let isTooLong = false
  return (piece) => {
    let from = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      const line = rest + piece.slice(from, end)
      from = end + 1
      rest = ''
      if (isTooLong) refuse()
      else if (line.trim() !== '') take(line)
      isTooLong = false
    }
    if (isTooLong) return
    rest += piece.slice(from)
    if (rest.length <= EVENT_CHARS_MAX) return
    isTooLong = true
    rest = ''
  }
}

function filters(): string {
  return encodeURIComponent(JSON.stringify({ type: ['container'], event: EVENTS }))
}
