import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'

/** In what a secret stood: its token is written so that what surrounds it can still be read. */
export type Surroundings =
  /** Nothing has a meaning. */
  | 'text'
  /** A URL or a form, where `%XX` stands for other characters. */
  | 'url'
  /** Between the quotes of a JSON string. */
  | 'json string'
  /** A whole value of a JSON document, quotes included. */
  | 'json value'

/** Gives what stands in place of a secret; `secret` is decoded, so that equal secrets have equal tokens. */
export type Tokens = (secret: () => Uint8Array, surroundings: Surroundings) => string

const KEYED_HEX_DIGITS = 12
/** All but what the parts of a URL are told apart by, or what may not stand there (RFC 3986 §2.2). */
const UNSAFE_IN_URL = /[^\w\-.~[\]:!*()]/g

export function openTokens(replacement: string, key: string | undefined): Tokens {
  if (key !== undefined) return (secret, surroundings) => written(keyedToken(key, secret()), surroundings)
  const texts: Record<Surroundings, string> = {
    text: replacement,
    url: written(replacement, 'url'),
    'json string': written(replacement, 'json string'),
    'json value': written(replacement, 'json value'),
  }
  return (_, surroundings) => texts[surroundings]
}

/** `[REDACTED:` and the beginning of an HMAC-SHA-256 of the secret. */
function keyedToken(key: string, secret: Uint8Array): string {
  return `[REDACTED:${createHmac('sha256', key).update(secret).digest('hex').slice(0, KEYED_HEX_DIGITS)}]`
}

function written(token: string, surroundings: Surroundings): string {
  if (surroundings === 'text') return token
  if (surroundings === 'url') return token.replace(UNSAFE_IN_URL, percentEncoded)
  const quoted = JSON.stringify(token)
  return surroundings === 'json value' ? quoted : quoted.slice(1, -1)
}

function percentEncoded(character: string): string {
  return Array.from(
    Buffer.from(character, 'utf8'),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')
}
