import type { Body, Exchange, Progress } from '../../exchanges/index.ts'
import type { PluginContext } from '../plugin.ts'

const NO_BODY: Body = {
  bytes: new Uint8Array(0),
  wireBytes: 0,
  lengthKnown: true,
  decodedBytes: 0,
  truncated: false,
  missing: false,
  sha256: undefined,
  codingsLeft: [],
}

/** The progress as it may be shown: its heads are those of the exchange that it would be by now. */
export function shownProgress(progress: Progress, shown: PluginContext['shown']): Progress {
  const { request, response, grpc } = shown(exchangeSoFar(progress))
  return { ...progress, request, response, grpc }
}

function exchangeSoFar({
  id,
  connection,
  protocol,
  request,
  response,
  at,
  grpc,
  ...times
}: Progress): Exchange {
  return {
    id,
    connection,
    protocol,
    request: { ...request, trailers: [], body: NO_BODY, wireBytes: 0 },
    response: response && { ...response, trailers: [], body: NO_BODY, wireBytes: 0 },
    startedAt: times.startedAt,
    respondedAt: times.respondedAt,
    endedAt: at,
    durationMs: undefined,
    completeness: 'complete',
    grpc,
  }
}
