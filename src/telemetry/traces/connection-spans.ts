import { type Clock, type Source, source, unixNanos } from '../../base/index.ts'
import { SKIP } from '../../capture/index.ts'
import { type Connection, noTimelines, type StreamEvent, Timeline } from '../../connections/index.ts'
import type { Decoded } from '../../decoders/index.ts'
import type { AnyValue, Attributes, Span, SpanEvent } from '../../otlp/index.ts'
import { protocolWord } from '../../outputs/index.ts'
import { connectionTraceIds } from './trace-ids.ts'

const SPAN_KIND_INTERNAL = 1

/**
 * One span for each TCP connection, once it is over, with what happened on it at the kernel's time. To be
 * called behind whoever finds out what a connection speaks, so that it is known here.
 */
export function traceConnections(
  streams: Source<StreamEvent>,
  decoded: Source<Decoded>,
  clock: Pick<Clock, 'bootEpochMs'>,
): Source<Span> {
  const stats = { ...noTimelines(), spans: 0, spansLeftOut: 0 }
  const spans = source<Span>(stats)
  streams.listen(onStreamEvent)
  decoded.listen(onDecoded)
  return spans

  function onDecoded({ connection, messages }: Decoded): void {
    const { timeline } = connection
    if (timeline === undefined) return
    timeline.spoke = true
    if (messages.at(-1)?.kind === 'opaque') timeline.isRaw = true
  }

  function onStreamEvent(event: StreamEvent): void {
    const { kind, connection, at } = event
    if (kind === 'opened') connection.timeline = new Timeline(stats)
    const { timeline } = connection
    if (timeline === undefined) return
    if (kind === 'bytes') onBytes(connection, timeline, event)
    else if (kind === 'passed') timeline.plain(at, event.from, event.bytes, true)
    else if (kind === 'gap') timeline.missing(event.from, event.missingBytes ?? 0)
    else if (kind === 'closed') onClosed(connection, timeline, at)
    timeline.spoke = false
  }

  function onBytes(
    connection: Connection,
    timeline: Timeline,
    { at, from, bytes }: Extract<StreamEvent, { kind: 'bytes' }>,
  ): void {
    const protocol = protocolWord(connection)
    if (protocol !== undefined) timeline.recognised(at, protocol)
    // In the middle of a connection it may take long to find out what it speaks, if ever.
    const isOpaque = timeline.isRaw || (protocol === undefined && connection.joinedLate)
    timeline.plain(at, from, bytes.length, timeline.spoke || isOpaque)
  }

  function onClosed(connection: Connection, timeline: Timeline, at: number): void {
    if (((connection.process?.skips ?? 0) & SKIP.all) === SKIP.all) {
      stats.spansLeftOut += 1
    } else {
      timeline.settle()
      stats.spans += 1
      spans.emit(connectionSpan(connection, timeline, at, clock.bootEpochMs))
    }
    timeline.close()
    connection.timeline = undefined
  }
}

/** One time of boot for all of a span: what happened stays in order though the clock be set meanwhile. */
function connectionSpan(
  connection: Connection,
  timeline: Timeline,
  endedAt: number,
  bootEpochMs: number,
): Span {
  const { id, openedAt, closedAt } = connection
  return {
    ...connectionTraceIds(id),
    name: 'Connection',
    kind: SPAN_KIND_INTERNAL,
    start: unixNanos(bootEpochMs, openedAt),
    end: unixNanos(bootEpochMs, closedAt ?? endedAt),
    attributes: attributesOf(connection),
    events: eventsOf(connection, timeline).map(({ at, name, attributes }): SpanEvent => {
      return { time: unixNanos(bootEpochMs, at), name, attributes }
    }),
    droppedEvents: timeline.droppedTurns,
    error: undefined,
  }
}

function attributesOf({ id, key, process }: Connection): Attributes {
  const attributes: [string, AnyValue][] = [['connection.id', id]]
  // Where the kernel gives no cookie it is an address, and no number of ours holds all of its digits.
  if (Number.isSafeInteger(key)) attributes.push(['connection.cookie', { int: key }])
  attributes.push(['connection.handler', 'raw'])
  if (process !== undefined) attributes.push(['connection.strategy', process.strategy])
  return attributes
}

interface Happened {
  readonly at: number
  readonly name: string
  readonly attributes: Attributes
}

/** In the order of time; what is not known to have happened is left out. */
function eventsOf(connection: Connection, timeline: Timeline): readonly Happened[] {
  const { joinedLate, openedAt, closedAt } = connection
  const { clientHelloAt, protocols } = timeline
  const events: Happened[] = []
  if (!joinedLate) events.push({ at: openedAt, name: 'OpenEvent', attributes: [] })
  if (clientHelloAt !== undefined)
    events.push({ at: clientHelloAt, name: 'TLSClientHelloEvent', attributes: [] })
  for (const { at, protocol } of protocols)
    events.push({ at, name: 'ProtocolEvent', attributes: [['protocol', protocol]] })
  for (const { at, bytes } of timeline.turns())
    events.push({ at, name: 'DataEvent', attributes: [['bytes', { int: bytes }]] })
  if (closedAt !== undefined) events.push({ at: closedAt, name: 'CloseEvent', attributes: [] })
  return events.sort((one, other) => one.at - other.at)
}
