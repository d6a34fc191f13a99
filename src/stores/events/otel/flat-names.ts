import type { ConnectionDocument, Event } from '../../../outputs/index.ts'

/**
 * What people filter by, under one name in events of every kind; undefined where an event does not say it.
 */
export interface FlatNames {
  readonly 'connection.id'?: unknown
  /** Within the map of the event. */
  readonly 'process.exe'?: unknown
  readonly request_method?: unknown
  readonly request_host?: unknown
  readonly request_scheme?: unknown
  readonly request_path?: unknown
  readonly response_status?: unknown
  readonly duration_ms?: unknown
  readonly process_exe?: unknown
  readonly direction?: unknown
  readonly digest?: unknown
  readonly url?: unknown
  readonly type?: unknown
}

export function flatNames(event: Event): FlatNames {
  switch (event.kind) {
    case 'artifact_record': {
      const { connectionId, summary, digest, url, type } = event.document
      return {
        'connection.id': connectionId,
        'process.exe': summary['process_exe'],
        request_method: summary['request_method'],
        request_host: summary['request_host'],
        request_scheme: summary['request_scheme'],
        request_path: summary['request_path'],
        response_status: summary['response_status'],
        duration_ms: summary['duration_ms'],
        process_exe: summary['process_exe'],
        direction: summary['direction'],
        digest,
        url,
        type,
      }
    }
    case 'connection': {
      const { meta, direction } = event.document
      // Who looks for `process_exe` wants the requests of a program.
      return { 'connection.id': meta.connectionId, 'process.exe': exeOf(event.document), direction }
    }
    case 'issue':
    case 'request': {
      const { connectionId, method, url, path, status, direction } = event.document
      return {
        'connection.id': connectionId,
        request_method: method,
        ...partsOf(url),
        request_path: path,
        response_status: status,
        duration_ms: event.kind === 'request' ? event.document.duration : undefined,
        direction,
        url,
      }
    }
    default:
      return event satisfies never
  }
}

/** Only the end whose process the agent watches has one. */
function exeOf({ source, destination }: ConnectionDocument): string | undefined {
  return source.exe ?? destination.exe
}

/** Of `https://host:port/path`, as it stands there. */
function partsOf(url: string): Pick<FlatNames, 'request_host' | 'request_scheme'> {
  const [, scheme, host] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/.exec(url) ?? []
  return { request_host: host, request_scheme: scheme }
}
