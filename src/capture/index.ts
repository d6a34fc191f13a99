export type {
  CaptureEvent,
  ConnectionKey,
  Direction,
  Endpoint,
  Process,
  Role,
  SecretLabel,
  SocketBytes,
  SocketClosed,
  SocketOpened,
  TlsSecret,
} from './events.ts'
