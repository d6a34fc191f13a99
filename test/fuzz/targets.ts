import type { Target } from './target.ts'

/** Everything that `npm run fuzz` can be told to look at. */
export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
  http1: async () => (await import('./targets/http1.ts')).http1,
  http2: async () => (await import('./targets/http2.ts')).http2,
  websocket: async () => (await import('./targets/websocket.ts')).websocket,
  hpack: async () => (await import('./targets/hpack.ts')).hpack,
  tls: async () => (await import('./targets/tls.ts')).tls,
  dns: async () => (await import('./targets/dns.ts')).dns,
  codings: async () => (await import('./targets/codings.ts')).codings,
  records: async () => (await import('./targets/records.ts')).records,
  recording: async () => (await import('./targets/recording.ts')).recording,
  config: async () => (await import('./targets/config.ts')).config,
  expressions: async () => (await import('./targets/expressions.ts')).expressions,
  redact: async () => (await import('./targets/redact.ts')).redaction,
}
