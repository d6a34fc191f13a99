export type { Body, Completeness, Exchange, Request, Response } from './exchange.ts'
export { EXCHANGE_LIMITS, type Exchanges, type PairOptions, pairExchanges } from './pair.ts'
