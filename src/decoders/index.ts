export { type Decoded, decode } from './decode.ts'
export type { Decoder, DecoderShare, Protocol, Recognition } from './decoder.ts'
export type {
  Cut,
  Doubts,
  Header,
  Message,
  PieceType,
  RequestHead,
  ResponseHead,
  Switched,
} from './message.ts'
export { PROTOCOLS } from './registry.ts'
export { reportUndecoded } from './report-undecoded.ts'
