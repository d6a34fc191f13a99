export type { Decoder, Protocol, Recognition } from './decoder.ts'
export type { Cut, Header, Message } from './message.ts'
