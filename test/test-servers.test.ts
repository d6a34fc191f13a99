import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const SCRIPT = new URL('../scripts/test-servers.sh', import.meta.url).pathname

/** A Go that makes, of anything, a program that is a text; it says which caches it was to use. */
const GO = `case $1 in
  version) echo go version go$GO_VERSION linux/amd64 ;;
  build)
    [ "$GO_FAILS" != yes ] || { echo 'a module is gone'; exit 1; }
    mkdir -p "$GOCACHE" "$GOMODCACHE" && touch "$GOCACHE/object"
    while [ "$1" != -o ]; do shift; done
    echo built >"$2" && chmod 755 "$2" ;;
esac`

test('servers are built once, for each Go, and leave nothing else behind', () => {
  const cache = folder()
  const first = run(cache, ['collector', 'loki'])
  expect(first.status).toBe(0)
  const built = first.stdout.trim().split('\n')
  expect(built).toEqual([
    expect.stringMatching(/\/collector-[0-9a-f]{16}$/),
    expect.stringMatching(/\/loki-[0-9a-f]{16}$/),
  ])
  expect(built.every((path) => existsSync(path))).toBe(true)
  expect(first.stderr).toMatch(/^test-servers: builds collector into \S+, once; usually \d+ min /)
  const names = readdirSync(cache).filter((name) => !name.endsWith('.log') && name !== 'lock')
  expect(names.map((name) => join(cache, name)).sort()).toEqual(built)
  expect(run(cache, ['collector', 'loki'])).toMatchObject({ status: 0, stdout: first.stdout, stderr: '' })
  expect(run(cache, ['--find', 'loki'])).toMatchObject({ status: 0, stdout: `${built[1]}\n`, stderr: '' })
  const newer = run(cache, ['loki'], { GO_VERSION: '1.27.0' })
  expect(newer.stdout.trim()).not.toBe(built[1])
})

test('what a build that was cut off left behind is no server, and goes', () => {
  const cache = folder()
  mkdirSync(join(cache, 'building/objects'), { recursive: true })
  const [program = ''] = run(cache, ['jaeger']).stdout.trim().split('\n')
  rmSync(program)
  writeFileSync(`${program}.part`, 'half')
  expect(run(cache, ['--find', 'jaeger']).status).toBe(1)
  expect(run(cache, ['jaeger'])).toMatchObject({ status: 0, stdout: `${program}\n` })
  expect(existsSync(join(cache, 'building'))).toBe(false)
})

test.for([
  [['--find', 'loki'], {}, /^test-servers: cannot go on: not built yet: loki \(try: /],
  [['nothing'], {}, /^test-servers: cannot go on: there is no server 'nothing'; there are collector /],
  [
    ['loki'],
    { GO_VERSION: '1.19.8' },
    /cannot go on: loki needs Go 1\.26\.5 or newer, and \S+ is 1\.19\.8$/m,
  ],
  [
    ['jaeger'],
    { GO_FAILS: 'yes' },
    /^a module is gone\ntest-servers: cannot go on: building jaeger failed /m,
  ],
] as const)('what cannot be done is said: %j, %j', ([words, variables, said]) => {
  const cache = folder()
  const refused = run(cache, words, variables)
  expect(refused).toMatchObject({ status: 1, stdout: '' })
  expect(refused.stderr).toMatch(said)
  expect(readdirSync(cache).filter((name) => /^(building|.+-.+)$/.test(name))).toEqual([])
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'qtap-servers-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}

function run(cache: string, words: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  const programs = folder()
  const go = join(programs, 'go')
  writeFileSync(go, `#!/bin/sh\n${GO}\n`)
  chmodSync(go, 0o755)
  const PATH = `${programs}:/usr/bin:/bin`
  const env = { PATH, QTAP_TEST_SERVERS: cache, GO_VERSION: '1.26.8', GO_FAILS: 'no', ...variables }
  return spawnSync('bash', [SCRIPT, ...words], { env, encoding: 'utf8' })
}
