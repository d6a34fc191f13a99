export { type Decoded, decode } from './decode.ts'
export type { Decoder, DecoderShare, Protocol, Recognition } from './decoder.ts'
export type { Cut, Header, Message } from './message.ts'
export { PROTOCOLS } from './registry.ts'
