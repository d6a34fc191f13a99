import type { Grpc } from '../../src/exchanges/index.ts'

/** A call of gRPC that was refused. */
export function sampleCall(changes: Partial<Grpc> = {}): Grpc {
  return {
    service: 'shop.v1.Orders',
    method: 'Get',
    status: 5,
    statusName: 'NOT_FOUND',
    message: 'no such order',
    requestMessages: 1,
    responseMessages: 14,
    requestMessagesMissed: false,
    responseMessagesMissed: true,
    ...changes,
  }
}
