import type { OtlpSettings } from '../../src/stores/otlp/settings.ts'

interface Changes {
  readonly headers?: Readonly<Record<string, string>>
  readonly gzip?: boolean
  readonly timeoutMs?: number
  readonly tls?: boolean
  readonly insecureSkipVerify?: boolean
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

/** Without TLS, compression and headers, unless told otherwise. */
export function otlpTo(
  protocol: OtlpSettings['protocol'],
  endpoint: string,
  changes: Changes = {},
): OtlpSettings {
  const { headers = {}, gzip = false, timeoutMs = 10_000, tls = false } = changes
  const { insecureSkipVerify = false, caFile, certFile, keyFile } = changes
  return {
    protocol,
    endpoint,
    headers,
    gzip,
    tls: { enabled: tls, insecureSkipVerify, caFile, certFile, keyFile },
    timeoutMs,
  }
}
