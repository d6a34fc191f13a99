import type { Grpc, Response } from '../exchanges/index.ts'

/** Status of an exchange whose response never came: the number nginx gives to requests that were given up. */
export const NO_RESPONSE_STATUS = 499

/** RFC 9110 §15 and the IANA registry of status codes. */
const PHRASES: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
}

/** The status of HTTP that reports each status of gRPC, by its number; 0 leaves the one that was sent. */
const GRPC_AS_HTTP: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
]
const GRPC_OTHER_AS_HTTP = 500

/** What an exchange was answered, in numbers. */
interface Answered {
  readonly response: Pick<Response, 'status'> | undefined
  readonly grpc?: Pick<Grpc, 'status'> | undefined
}

/** What an exchange was answered. */
export interface Answer extends Answered {
  readonly response: Pick<Response, 'status' | 'reason'> | undefined
  readonly grpc?: Grpc | undefined
}

/** As it is reported: a call of gRPC that failed has a status of HTTP that says so. */
export function statusOf({ response, grpc }: Answered): number {
  if (grpc?.status) return GRPC_AS_HTTP[grpc.status] ?? GRPC_OTHER_AS_HTTP
  return response?.status ?? NO_RESPONSE_STATUS
}

/** The call's status or the reason the server gave, else the registered phrase; empty when there is none. */
export function statusText({ response, grpc }: Answer): string {
  if (grpc?.status !== undefined) return grpc.statusName || `gRPC status ${grpc.status}`
  if (response === undefined) return 'no response'
  if (grpc !== undefined && response.status === 200) return 'gRPC status unknown'
  return response.reason === '' ? (PHRASES[response.status] ?? '') : response.reason
}
