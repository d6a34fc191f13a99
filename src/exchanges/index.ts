export type { Body, Completeness, Exchange, Request, Response } from './exchange.ts'
