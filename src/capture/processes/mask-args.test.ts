import { array, assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { maskArgs } from './mask-args.ts'

test.for<[args: readonly string[], masked: readonly string[]]>([
  [
    ['curl', '--password', 'hunter2', 'x'],
    ['curl', '--password', '***', 'x'],
  ],
  [
    ['curl', '--password=hunter2'],
    ['curl', '--password=***'],
  ],
  [
    ['tool', '--auth-token', 'abc'],
    ['tool', '--auth-token', '***'],
  ],
  [
    ['tool', '--client-secret=a=b c'],
    ['tool', '--client-secret=***'],
  ],
  [
    ['tool', '-token', 'abc'],
    ['tool', '-token', '***'],
  ],
  [
    ['tool', '--api-key', 'abc', '--apiKey=abc', 'API_KEY=abc'],
    ['tool', '--api-key', '***', '--apiKey=***', 'API_KEY=***'],
  ],
  [
    ['env', 'PGPASSWORD=abc', 'MYSQL_PWD=abc', 'AWS_SECRET_ACCESS_KEY=abc'],
    ['env', 'PGPASSWORD=***', 'MYSQL_PWD=***', 'AWS_SECRET_ACCESS_KEY=***'],
  ],
  [
    ['/usr/bin/mysql', '-phunter2', '-u', 'root'],
    ['/usr/bin/mysql', '-p***', '-u', 'root'],
  ],
  [
    ['sshpass', '-p', 'hunter2', 'ssh', '-p', '22'],
    ['sshpass', '-p', '***', 'ssh', '-p', '***'],
  ],
  [
    ['redis-cli', '-a', 'hunter2'],
    ['redis-cli', '-a', '***'],
  ],
  [
    ['tool', '-p', 'hunter2'],
    ['tool', '-p', '***'],
  ],
  [
    ['curl', '-u', 'me:hunter2'],
    ['curl', '-u', 'me:***'],
  ],
  [
    ['curl', '--user', 'me:a:b'],
    ['curl', '--user', 'me:***'],
  ],
  [
    ['curl', '-H', 'Authorization: Bearer abc.def'],
    ['curl', '-H', 'Authorization: ***'],
  ],
  [
    ['curl', '-HAuthorization: Basic YTpi'],
    ['curl', '-HAuthorization: ***'],
  ],
  [
    ['curl', '-H', 'X-Api-Key: abc'],
    ['curl', '-H', 'X-Api-Key: ***'],
  ],
  [
    ['curl', '-H', 'Cookie: a=1; b=2'],
    ['curl', '-H', 'Cookie: ***'],
  ],
  [
    ['curl', '-b', 'session=1'],
    ['curl', '-b', '***'],
  ],
  [
    ['tool', 'use Bearer abcdefgh now'],
    ['tool', 'use Bearer *** now'],
  ],
  [
    ['git', 'clone', 'https://me:hunter2@example.com/x'],
    ['git', 'clone', 'https://me:***@example.com/x'],
  ],
  [
    ['git', 'clone', 'https://me:hunter@2@example.com/x'],
    ['git', 'clone', 'https://me:***@example.com/x'],
  ],
  [
    ['git', 'clone', 'https://ghp_0123456789abcdefghij@example.com/'],
    ['git', 'clone', 'https://***@example.com/'],
  ],
  [
    ['psql', 'postgres://me:hunter2@db:5432/x'],
    ['psql', 'postgres://me:***@db:5432/x'],
  ],
  [
    ['curl', 'https://example.com/?a=1&access_token=abc&b=2'],
    ['curl', 'https://example.com/?a=1&access_token=***&b=2'],
  ],
  [
    ['curl', '-d', '{"user":"me","password":"hunter2"}'],
    ['curl', '-d', '{"user":"me","password":"***"}'],
  ],
  [
    ['sh', '-c', 'tool --password hunter2 --x; PASSWORD=abc tool'],
    ['sh', '-c', 'tool --password *** --x; PASSWORD=*** tool'],
  ],
])('%j', ([args, masked]) => {
  expect(maskArgs(args)).toEqual(masked)
})

test.for<readonly string[]>([
  [],
  ['curl', '-sS', '-o', '/dev/null', 'https://example.com/v1/items?page=2'],
  ['mysql', '--password', '-h', 'db'],
  ['mkdir', '-p', 'folder'],
  ['ssh', '-p', '2222', 'me@example.com'],
  ['docker', 'run', '-p', '8080:80', 'nginx'],
  ['server', '-p', '8080'],
  ['git', 'log', '--author=me'],
  ['tool', '--max-tokens', '100', '--tokenizer', 'x', '--compass=n'],
  ['ssh', 'ssh://git@example.com/x'],
  ['python3', '-c', 'print("a: b")'],
])('nothing in %j is a secret', (args) => {
  expect(maskArgs(args)).toEqual(args)
})

test('of any arguments none is lost, and the secret of an option is never shown', () => {
  const secret = string({ minLength: 1 }).filter((text) => !text.startsWith('-'))
  assert(
    property(array(string()), secret, (args, value) => {
      const masked = maskArgs(['tool', ...args, '--password', value, `--token=${value}`])
      expect(masked).toHaveLength(args.length + 4)
      expect(masked.slice(-3)).toEqual(['--password', '***', '--token=***'])
    }),
  )
})

test('long arguments take no longer than their length', () => {
  const began = performance.now()
  for (const text of [
    'a'.repeat(1024),
    '-'.repeat(1024),
    'a:'.repeat(512),
    'a=" '.repeat(256),
    '://'.repeat(341),
  ])
    maskArgs(['x', text])
  expect(performance.now() - began).toBeLessThan(200)
})
