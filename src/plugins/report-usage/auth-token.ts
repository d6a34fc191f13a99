import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Header } from '../../decoders/index.ts'
import { headerValue } from '../../outputs/index.ts'

type TokenType = 'jwt' | 'basic_auth' | 'bearer_token' | 'oauth_token' | 'api_key' | 'unknown'

/** What is told of the credentials of a request: enough to tell them apart, too little to use them. */
export interface AuthToken {
  readonly authTokenMask: string
  /** SHA-256 of the whole value of the header, hex. */
  readonly authTokenHash: string
  /** Name of the header. */
  readonly authTokenSource: string
  readonly authTokenType: TokenType | ''
}

const NO_TOKEN: AuthToken = {
  authTokenMask: '',
  authTokenHash: '',
  authTokenSource: '',
  authTokenType: '',
}

/** Where credentials are looked for, in this order. */
const SOURCES = ['Authorization', 'X-API-Key', 'Api-Key', 'APIKey', 'X-Auth-Token'].map((name) => ({
  name,
  lowerCase: name.toLowerCase(),
}))

const SCHEME = /^(basic|bearer|oauth) /i

/** All fields are empty where a request brings no credentials. */
export function authTokenOf(headers: readonly Header[]): AuthToken {
  for (const { name, lowerCase } of SOURCES) {
    const value = headerValue(headers, lowerCase)
    if (value !== undefined && value !== '') return describeToken(name, value)
  }
  return NO_TOKEN
}

function describeToken(source: string, value: string): AuthToken {
  const type = typeOf(source, value)
  return {
    authTokenMask: maskFor(type, value),
    authTokenHash: hash('sha256', value, 'hex'),
    authTokenSource: source,
    authTokenType: type,
  }
}

function typeOf(source: string, value: string): TokenType {
  if (isJwt(value)) return 'jwt'
  const start = value.slice(0, 7).toLowerCase()
  if (start.startsWith('basic ')) return 'basic_auth'
  if (start === 'bearer ') return 'bearer_token'
  if (/oauth/i.test(source) || /oauth/i.test(value)) return 'oauth_token'
  return /api|key/i.test(source) ? 'api_key' : 'unknown'
}

/** Three parts with dots between, the middle one JSON in base64url; `Bearer ` may stand in front. */
function isJwt(value: string): boolean {
  const [, claims, , ...more] = value.split('.', 4)
  if (claims === undefined || more.length > 0 || value.indexOf('.') === value.lastIndexOf('.')) return false
  if (!/^[\w-]+={0,2}$/.test(claims)) return false
  try {
    JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
    return true
  } catch {
    return false
  }
}

/** Of `Bearer abc` and the like only what stands behind the scheme is masked. */
function maskFor(type: TokenType, value: string): string {
  const scheme = type === 'jwt' ? undefined : SCHEME.exec(value)?.[0]
  return scheme === undefined ? mask(value) : scheme + mask(value.slice(scheme.length))
}

function mask(secret: string): string {
  const { length } = secret
  if (length <= 8) return '*'.repeat(length)
  if (length <= 16) return `${secret.slice(0, 2)}${'*'.repeat(length - 4)}${secret.slice(-2)}`
  return `${secret.slice(0, 4)}***(${length - 8} hidden)***${secret.slice(-4)}`
}
