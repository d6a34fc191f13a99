import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CaptureEvent, type DnsDatagram, SKIP } from '../../src/capture/index.ts'
import { openWorkshop, pathOf, type Workshop } from '../support/programs.ts'
import { type WatchingCapture, watchHere } from '../support/watching-capture.ts'

const PYTHON = pathOf('/usr/bin/python3')
const PROGRAM = new URL('programs/datagrams.py', import.meta.url).pathname
const LONG = 'long '.repeat(400)
const QUESTIONS = ['recv', 'read', 'readv', 'recvfrom', 'recvmsg', LONG, 'end']

let workshop: Workshop
let capture: WatchingCapture
beforeAll(() => {
  workshop = openWorkshop()
  capture = watchHere()
})
afterAll(async () => {
  await workshop.close()
  capture.close()
})

function fromHere(events: readonly CaptureEvent[], address: string): readonly DnsDatagram[] {
  return events.flatMap((event) =>
    event.kind === 'dns' && event.remote.ip === address && event.process.exe === PYTHON ? [event] : [],
  )
}

const textOf = ({ bytes }: DnsDatagram) => Buffer.from(bytes).toString()

test.for(['127.7.7.7', '::1'])('answers from %s are seen by whatever call they are read', async (address) => {
  await workshop.run(PYTHON, [PROGRAM, address])
  await capture.caughtUp()
  const answers = fromHere(capture.events, address)
  expect(answers.map(textOf)).toEqual(QUESTIONS.map((question) => `answer to ${question}`))
  expect(new Set(answers.map(({ direction }) => direction))).toEqual(new Set(['received']))
  for (const { length, bytes, remote, local, process } of answers) {
    expect(length).toBe(bytes.length)
    expect(remote).toEqual({ ip: address, port: 53 })
    expect(local.port).toBeGreaterThan(0)
    expect(process.args).toEqual([PYTHON, PROGRAM, address])
  }
})

test('questions are seen when they are asked for, and nobody of whom the DNS is left out', async () => {
  const address = '127.7.7.8'
  capture.reconfigure({ auditIncludeDns: true })
  await workshop.run(PYTHON, [PROGRAM, address])
  await capture.caughtUp()
  const seen = fromHere(capture.events, address).map((event) => `${event.direction} ${textOf(event)}`)
  expect(seen).toEqual(
    QUESTIONS.flatMap((question) => [`sent ${question}`, `received answer to ${question}`]),
  )

  const custom = [{ exe: PYTHON, strategy: 'exact', skips: SKIP.dns }] as const
  capture.reconfigure({ auditIncludeDns: true, filters: { groups: [], custom } })
  await workshop.run(PYTHON, [PROGRAM, '127.7.7.9'])
  await capture.caughtUp()
  expect(fromHere(capture.events, '127.7.7.9')).toEqual([])
})
