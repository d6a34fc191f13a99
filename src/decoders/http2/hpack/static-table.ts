import type { Header } from '../../message.ts'

const FIELDS = `
:authority
:method: GET
:method: POST
:path: /
:path: /index.html
:scheme: http
:scheme: https
:status: 200
:status: 204
:status: 206
:status: 304
:status: 400
:status: 404
:status: 500
accept-charset
accept-encoding: gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`

/**
 * RFC 7541 Appendix A. Indices begin with 1; what stands at 0 is never read, because an index of 0 is an
 * error (§6.1).
 */
export const STATIC_TABLE: readonly Header[] = FIELDS.split('\n').map((line): Header => {
  const [name = '', value = ''] = line.split(/(?<=.): /)
  return Object.freeze([name, value] as const)
})

/** The newest entry of the dynamic table follows the last one of the static table (RFC 7541 §2.3.3). */
export const DYNAMIC_FROM = STATIC_TABLE.length
