/** How a backend that speaks OTLP is reached: what event stores, object stores and traces have in common. */
export interface OtlpSettings {
  readonly protocol: 'grpc' | 'http' | 'stdout'
  /** `host:port`, or a URL; empty for the default of the protocol. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly gzip: boolean
  readonly tls: {
    readonly enabled: boolean
    readonly insecureSkipVerify: boolean
    readonly caFile: string | undefined
    readonly certFile: string | undefined
    readonly keyFile: string | undefined
  }
  readonly timeoutMs: number
}
