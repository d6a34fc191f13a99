import { OperatorError } from '../base/index.ts'

/** Where the status server listens. Without a host: at all addresses of this machine. */
export interface ListenAddress {
  readonly host: string | undefined
  readonly port: number
}

/** The word for no status server at all. */
const NOWHERE = 'none'

/** `host:port`, `[IPv6]:port` or `:port`; undefined for `none`. Throws an `OperatorError` otherwise. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === NOWHERE) return undefined
  const [, bracketed, plain, port = ''] =
    /^(?:\[([\da-fA-F:.%\w]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(text) ?? []
  if (port === '' || Number(port) > 65_535)
    throw new OperatorError(
      'QTAP_LISTEN',
      `invalid address to listen at "${text}".`,
      `Use host:port, such as 127.0.0.1:10001, or ${NOWHERE}.`,
    )
  return { host: bracketed ?? (plain === '' ? undefined : plain), port: Number(port) }
}

export function listenAddressText({ host = '', port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
