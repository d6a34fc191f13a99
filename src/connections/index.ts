export type {
  ByteAccount,
  Connection,
  Given,
  Side,
  StreamEvent,
  TlsFacts,
  TlsUnreadable,
} from './connection.ts'
export { CONNECTIONS_MAX, type FollowOptions, followConnections, type Streams } from './follow.ts'
export { type HeldBack, HOLD_LIMITS, type HoldLimits, holdBack } from './hold-back.ts'
export type { ConnectionReport } from './report.ts'
export { reportUnreadable } from './report-unreadable.ts'
export { type ConnectionReports, type ReportOptions, reportConnections } from './reports.ts'
export { noTimelines, Timeline, TURNS_MAX, type Turn } from './timeline.ts'
export { looksLikeTls } from './tls/looks-like-tls.ts'
export type { TlsSink, TlsStats } from './tls/session.ts'
export { openTlsSessions, TLS_LIMITS, type TlsLimits, type TlsSessions } from './tls/sessions.ts'
export type { TlsStream } from './tls/stream.ts'
