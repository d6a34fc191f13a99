import { validateHeaderName, validateHeaderValue } from 'node:http'
import { OperatorError } from '../../base/index.ts'

/** How a request is framed is not the operator's to say. */
const OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'te',
  'transfer-encoding',
])
const METADATA_NAME = /^[0-9a-z_.-]+$/
const METADATA_VALUE = /^[\x20-\x7e]*$/

/** By their names in lower case. Throws an `OperatorError`, which does not show the value. */
export function checkedHeaders(
  headers: Readonly<Record<string, string>>,
  protocol: 'grpc' | 'http',
): Readonly<Record<string, string>> {
  const checked: Record<string, string> = {}
  for (const [written, value] of Object.entries(headers)) {
    const name = written.toLowerCase()
    if (OWN.has(name)) continue
    if (!isSendable(name, value, protocol)) {
      throw new OperatorError(
        'QTAP_OTLP_HEADER',
        `the header "${written}" cannot be sent.`,
        'Its name or its value has characters that are not allowed there.',
      )
    }
    checked[name] = value
  }
  return checked
}

function isSendable(name: string, value: string, protocol: 'grpc' | 'http'): boolean {
  if (protocol === 'grpc') return METADATA_NAME.test(name) && METADATA_VALUE.test(value)
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}
