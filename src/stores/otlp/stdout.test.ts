import { expect, test } from 'vitest'
import { joined, SENT, surroundings } from '../../../test/support/otlp-sending.ts'
import { otlpTo } from '../../../test/support/otlp-settings.ts'
import { createLineWriter, silentLog } from '../../base/index.ts'
import { encodeLogRecord, logsRequest } from '../../otlp/index.ts'
import { openOtlpSender } from './sender.ts'

const ORIGIN = { resource: [['service.name', 'qtap']], scope: 'qtap.eventstore', schemaUrl: '' } as const
const PARCELS = ['first\nline', 'second'].map((body) => ({
  bytes: encodeLogRecord({ time: 1n, observedTime: 2n, severity: 9, body, attributes: [] }),
  receipt: new Uint8Array(),
}))

test.for([false, true])('a request for each record (terminal: %s)', async (stdoutIsTerminal) => {
  let text = ''
  const standardOutput = createLineWriter(
    (batches, done) => {
      text += Buffer.concat([...batches]).toString()
      setImmediate(done, null, Buffer.concat([...batches]).length)
    },
    { log: silentLog },
  )
  const frame = (records: readonly Uint8Array[]) => logsRequest(ORIGIN, records)
  const sender = openOtlpSender(otlpTo('stdout', 'not looked at'), 'logs', frame, {
    ...surroundings({ standardOutput }),
    stdoutIsTerminal,
  })
  expect(await sender.send(PARCELS)).toEqual({ kind: 'delivered' })
  await sender.close()
  expect(await standardOutput.flush(1_000)).toBe(true)
  const requests = stdoutIsTerminal ? text.split(/(?<=^\}\n)/m) : text.trimEnd().split('\n')
  expect(requests.map((request) => JSON.parse(request))).toMatchObject(
    ['first\nline', 'second'].map((stringValue) => ({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue } }] }] }],
    })),
  )
})

test('a reader that does not read is waited for, and one that is gone is not', async () => {
  let read: () => void = () => {}
  const standardOutput = createLineWriter(
    ([batch], done) => {
      read = () => done(null, batch?.length ?? 0)
    },
    { log: silentLog, heldBytesMax: 1_000 },
  )
  const sender = openOtlpSender(otlpTo('stdout', ''), 'logs', joined, surroundings({ standardOutput }))
  standardOutput.write('x'.repeat(995))
  await expect.poll(() => standardOutput.stats['heldBytes']).toBe(996)
  expect(await sender.send(SENT)).toEqual({ kind: 'again', why: 'standard output is not read fast enough' })
  read()
  expect(await sender.send(SENT)).toEqual({ kind: 'delivered' })
  read()
  const many = Array.from({ length: 1_000 }, () => SENT).flat()
  expect(await sender.send(many)).toMatchObject({ kind: 'refused' })
  await standardOutput.close(0)
  expect(await sender.send(SENT)).toMatchObject({ kind: 'refused' })
})
