import { EventEmitter, once } from 'node:events'
import { expect, test } from 'vitest'
import type { Log } from './base/index.ts'
import { type StopRequestOptions, stopRequest } from './stop-request.ts'

function asked(options: Partial<StopRequestOptions> = {}) {
  const signals = new EventEmitter()
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const log: Log = { debug: say, info: say, warn: say, error: say }
  const never = once(new EventEmitter(), 'never').then(() => {})
  const hangUps: string[] = []
  const stopped = stopRequest({
    signals,
    terminalGone: () => false,
    onHangUp: () => void hangUps.push('SIGHUP'),
    readerGone: never,
    log,
    ...options,
  })
  return { signals, said, hangUps, stopped }
}

test.each(['SIGINT', 'SIGTERM'])('%s ends the agent', async (name) => {
  const { signals, stopped } = asked()
  signals.emit(name)
  await stopped
})

test('SIGHUP does not end an agent that somebody can stop, and is passed on each time', async () => {
  const { signals, hangUps, stopped } = asked()
  let ended = false
  const end = stopped.then(() => (ended = true))
  signals.emit('SIGHUP')
  signals.emit('SIGHUP')
  await Promise.resolve()
  expect(hangUps).toHaveLength(2)
  expect(ended).toBe(false)
  signals.emit('SIGTERM')
  await end
})

test('SIGHUP ends an agent whose terminal is gone', async () => {
  const { signals, stopped } = asked({ terminalGone: () => true })
  signals.emit('SIGHUP')
  await stopped
})

test('an agent whose output nobody reads ends', async () => {
  const { said, stopped } = asked({ readerGone: Promise.resolve() })
  await stopped
  expect(said).toEqual(['nobody reads standard output any more'])
})
