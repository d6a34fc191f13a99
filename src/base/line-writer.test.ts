import { expect, test } from 'vitest'
import { createLineWriter, type Sink, type SinkDone } from './line-writer.ts'
import { type LogFields, silentLog } from './log.ts'

/** Answers each attempt as told: bytes taken, or an error code; takes everything once the list is over. */
function scriptedSink(answers: (number | string)[] = []) {
  const taken: Uint8Array[] = []
  const sink: Sink = (batches, done) => {
    const bytes = Buffer.concat(batches)
    const answer = answers.shift() ?? bytes.length
    if (typeof answer === 'number') taken.push(bytes.slice(0, answer))
    setImmediate(() => (typeof answer === 'string' ? done({ code: answer }, 0) : done(null, answer)))
  }
  return { sink, text: () => Buffer.concat(taken).toString('utf8'), attempts: taken }
}

test('lines come out in order, in one batch, with one newline each', async () => {
  const { sink, text, attempts } = scriptedSink()
  const writer = createLineWriter(sink, { log: silentLog })
  writer.write('one')
  writer.write('two ✓')
  expect(await writer.flush(1000)).toBe(true)
  expect(text()).toBe('one\ntwo ✓\n')
  expect(attempts.length).toBe(1)
  expect(writer.stats).toMatchObject({ lines: 2, writtenBytes: 12, heldBytes: 0, droppedLines: 0 })
})

test('a batch leaves by itself after a few milliseconds', async () => {
  const written = await new Promise<string>((resolve) => {
    const writer = createLineWriter((batches) => resolve(Buffer.concat(batches).toString()), {
      log: silentLog,
    })
    writer.write('alone')
  })
  expect(written).toBe('alone\n')
})

test('64 KiB leave at once', () => {
  const { sink, attempts } = scriptedSink()
  const writer = createLineWriter(sink, { log: silentLog })
  for (let line = 0; line < 64; line += 1) writer.write('x'.repeat(1023))
  expect(attempts.map((batch) => batch.length)).toEqual([65_536])
})

test('what a sink does not take at first is offered again, and nothing twice', async () => {
  const { sink, text } = scriptedSink(['EAGAIN', 3, 'EINTR', 4])
  const writer = createLineWriter(sink, { log: silentLog })
  writer.write('hello world')
  expect(await writer.flush(1000)).toBe(true)
  expect(text()).toBe('hello world\n')
})

test('a reader that has gone closes the writer quietly', async () => {
  const { sink, text } = scriptedSink(['EPIPE'])
  let gone = 0
  const writer = createLineWriter(sink, { log: silentLog, onReaderGone: () => (gone += 1) })
  writer.write('unread')
  expect(await writer.flush(1000)).toBe(false)
  expect(writer.closed).toBe(true)
  writer.write('ignored')
  expect(await writer.flush(1000)).toBe(false)
  expect([gone, text(), writer.stats['lines']]).toEqual([1, '', 1])
})

test('lines beyond the limit are dropped, the newest first, counted, and said at the end', async () => {
  let done: SinkDone = () => {}
  let bytesTaken = 0
  const stuck: Sink = (batches, whenDone) => {
    bytesTaken = Buffer.concat(batches).length
    done = whenDone
  }
  const said: LogFields[] = []
  const log = { ...silentLog, warn: (_message: string, fields: LogFields = {}) => said.push(fields) }
  const writer = createLineWriter(stuck, { log, heldBytesMax: 200_000 })
  const line = 'x'.repeat(9_999)
  for (let count = 0; count < 30; count += 1) writer.write(line)
  expect(writer.stats['lines']).toBe(20)
  expect(writer.stats['droppedLines']).toBe(10)
  done(null, bytesTaken)
  writer.write('fits again')
  expect(writer.stats['lines']).toBe(21)
  await writer.close(1)
  expect(said).toEqual([
    { held_bytes: 140_000 },
    { droppedLines: 10, failedBytes: 0, unwrittenBytes: 130_011 },
  ])
})

test('a full disk loses its batch, is said once, and the next batch is written', async () => {
  const { sink, text } = scriptedSink(['ENOSPC'])
  const said: string[] = []
  const writer = createLineWriter(sink, { log: { ...silentLog, warn: (message) => said.push(message) } })
  writer.write('lost')
  expect(await writer.flush(1000)).toBe(true)
  writer.write('kept')
  await writer.close(1000)
  expect(text()).toBe('kept\n')
  expect(said).toEqual(['standard output cannot be written to', 'standard output lost lines'])
  expect(writer.stats['failedBytes']).toBe(5)
})

test('what collected while the sink was busy goes out at once, in order, however much of it is taken', async () => {
  const { sink, text, attempts } = scriptedSink([65_000, 150_000, 1])
  const writer = createLineWriter(sink, { log: silentLog })
  const lines = Array.from({ length: 400 }, (_, index) => `${index} ${'x'.repeat(1_000)}`)
  for (const line of lines) writer.write(line)
  writer.writeBytes(Buffer.from('large\n'))
  expect(await writer.flush(1000)).toBe(true)
  expect(text()).toBe([...lines, 'large', ''].join('\n'))
  expect(attempts.length).toBeLessThan(7)
  expect(writer.stats['heldBytes']).toBe(0)
})

test('flush gives up after its time when nobody reads', async () => {
  const writer = createLineWriter(() => {}, { log: silentLog })
  writer.write('stuck')
  expect(await writer.flush(5)).toBe(false)
})
