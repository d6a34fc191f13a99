import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../../../test/support/run-counts.ts'
import { authTokenOf } from './auth-token.ts'

const encoded = (text: string) => Buffer.from(text).toString('base64url')
const JWT = `${encoded('{"alg":"HS256"}')}.${encoded('{"sub":"1"}')}.${encoded('signature')}`

test.each([
  ['authorization', `Bearer ${JWT}`, 'Authorization', 'jwt', 'Bear'],
  ['Authorization', JWT, 'Authorization', 'jwt', 'eyJh'],
  ['authorization', 'Basic dXNlcjpwYXNz', 'Authorization', 'basic_auth', 'Basic dX********Nz'],
  ['authorization', 'bearer abcdefgh', 'Authorization', 'bearer_token', 'bearer ********'],
  ['authorization', 'BEARER abcdefghi', 'Authorization', 'bearer_token', 'BEARER ab*****hi'],
  ['authorization', 'Bearer abcdefghijklmnop', 'Authorization', 'bearer_token', 'Bearer ab************op'],
  [
    'authorization',
    'Bearer abcdefghijklmnopq',
    'Authorization',
    'bearer_token',
    'Bearer abcd***(9 hidden)***nopq',
  ],
  ['authorization', 'OAuth abcdefghi', 'Authorization', 'oauth_token', 'OAuth ab*****hi'],
  ['x-auth-token', 'my-oauth abc', 'X-Auth-Token', 'oauth_token', 'my********bc'],
  ['x-api-key', 'abc', 'X-API-Key', 'api_key', '***'],
  ['api-key', 'abc', 'Api-Key', 'api_key', '***'],
  ['apikey', 'abc', 'APIKey', 'api_key', '***'],
  ['x-auth-token', 'abc', 'X-Auth-Token', 'unknown', '***'],
  ['authorization', 'Digest a.b.c', 'Authorization', 'unknown', 'Di********.c'],
  ['authorization', `${encoded('x')}.${encoded('no json')}.x`, 'Authorization', 'unknown', 'eA'],
  ['authorization', `${JWT}.more`, 'Authorization', 'unknown', 'eyJh'],
])('%s: %s is %s, %s', (name, value, source, type, mask) => {
  const token = authTokenOf([
    ['accept', '*/*'],
    [name, value],
  ])
  expect(token).toMatchObject({ authTokenSource: source, authTokenType: type })
  expect(token.authTokenMask.startsWith(mask)).toBe(true)
  expect(token.authTokenHash).toBe(createHash('sha256').update(value).digest('hex'))
})

test('headers are looked at in their order of importance, and empty ones say nothing', () => {
  const headers = [
    ['x-auth-token', 'last'],
    ['x-api-key', 'second'],
    ['authorization', ''],
  ] as const
  expect(authTokenOf(headers).authTokenSource).toBe('X-API-Key')
})

test('without credentials all is empty', () => {
  const empty = { authTokenMask: '', authTokenHash: '', authTokenSource: '', authTokenType: '' }
  expect(authTokenOf([['accept', '*/*']])).toEqual(empty)
  expect(authTokenOf([])).toEqual(empty)
})

test('whatever the value, the mask shows at most four characters at either end of the secret', () => {
  const name = fc.constantFrom('authorization', 'x-api-key', 'x-auth-token')
  const scheme = fc.constantFrom('', 'Bearer ', 'Basic ', 'OAuth ', 'Digest ', 'oauth', 'bearer')
  // In upper case and without digits, so that nothing of it stands in the words of a mask.
  const secret = fc.string({
    unit: fc.constantFrom('A', 'B', 'C', 'X', 'Y', 'Z', '.', '_', ' '),
    minLength: 20,
    maxLength: 60,
  })
  const property = fc.property(name, scheme, secret, (header, front, hidden) => {
    const { authTokenMask } = authTokenOf([[header, front + hidden]])
    const shown = authTokenMask.replace(/^(basic|bearer|oauth) /i, '')
    for (let at = 0; at + 5 <= hidden.length; at += 1) expect(shown).not.toContain(hidden.slice(at, at + 5))
  })
  fc.assert(property, { numRuns: runs(200) })
})
