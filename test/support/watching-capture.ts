import { silentLog } from '../../src/base/index.ts'
import { type CaptureEvent, machineBootNs, openCapture, type Tap } from '../../src/capture/index.ts'

const PATIENCE_MS = 20_000
const OBJECT = new URL('../../build/qtap.bpf.o', import.meta.url).pathname
const RING_BYTES = 16 << 20
const NOWHERE = { docker: '', containerd: '', cri: '' }

export const WATCH_ALL: Tap = {
  direction: 'all',
  ignoreLoopback: false,
  auditIncludeDns: false,
  stacks: { http: undefined, grpc: undefined },
  endpoints: [],
  filters: { groups: [], custom: [] },
}

/** The machine's own kernel, watched by this process, and what was captured so far. */
export interface WatchingCapture {
  readonly events: readonly CaptureEvent[]
  reconfigure(tap: Partial<Tap>, environmentNames?: readonly string[]): void
  /** The first event that is as wanted, come or to come. */
  until<Event extends CaptureEvent>(wanted: (event: CaptureEvent) => event is Event): Promise<Event>
  /** Resolves once all that has happened until now has come. */
  caughtUp(): Promise<void>
  close(): void
}

/** Watches until it is closed. Programs of the test must be processes of their own: this one is left out. */
export function watchHere(tap: Partial<Tap> = {}, environmentNames: readonly string[] = []): WatchingCapture {
  const events: CaptureEvent[] = []
  const waiting = new Set<() => void>()
  const capture = openCapture({
    objectPath: OBJECT,
    ringBytes: RING_BYTES,
    tap: { ...WATCH_ALL, ...tap },
    environmentNames,
    sockets: NOWHERE,
    treeOf: undefined,
    openRecordTap: undefined,
    log: silentLog,
  })
  capture.events.listen((event) => {
    const isBorrowed = event.kind === 'bytes' || event.kind === 'dns'
    events.push(isBorrowed ? { ...event, bytes: event.bytes.slice() } : event)
    for (const look of waiting) look()
  })
  capture.start()
  return { events, until, caughtUp, reconfigure, close }

  function close(): void {
    capture.stop(() => true)
    capture.close()
  }

  function reconfigure(changes: Partial<Tap>, names = environmentNames): void {
    capture.reconfigure({ ...WATCH_ALL, ...changes }, names)
  }

  function until<Event extends CaptureEvent>(
    wanted: (event: CaptureEvent) => event is Event,
  ): Promise<Event> {
    return new Promise((resolve, reject) => {
      let at = 0
      const patience = setTimeout(() => {
        waiting.delete(look)
        reject(new Error(`never came; there were:\n${events.slice(-40).map(describe).join('\n')}`))
      }, PATIENCE_MS)
      waiting.add(look)
      look()

      function look(): void {
        for (; at < events.length; at += 1) {
          const event = events[at]
          if (event === undefined || !wanted(event)) continue
          clearTimeout(patience)
          waiting.delete(look)
          resolve(event)
          return
        }
      }
    })
  }

  async function caughtUp(): Promise<void> {
    const now = machineBootNs()
    await until((event): event is CaptureEvent => event.kind === 'time' && event.at > now)
  }
}

function describe(event: CaptureEvent): string {
  const process = 'process' in event ? event.process : undefined
  return `${event.kind} by ${process?.pid ?? '-'} ${process?.exe ?? ''}`
}
