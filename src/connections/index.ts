export type { ByteAccount, Connection, Side, StreamEvent, TlsFacts, TlsUnreadable } from './connection.ts'
