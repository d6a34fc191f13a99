import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = new URL('..', import.meta.url).pathname

test('setup refuses another system, an old kernel and missing rights, each in one line', () => {
  const programs = folderOf({
    uname: 'case $1 in -r) echo 4.19.0-27-amd64 ;; *) echo Linux aarch64 ;; esac',
    id: 'echo 1000',
  })
  const run = spawnSync(
    'sh',
    [join(ROOT, 'scripts/setup.sh'), 'run'],
    environment(`${programs}:${process.env['PATH']}`),
  )
  const lines = run.stderr.trim().split('\n')
  expect(run.status).toBe(1)
  expect(lines).toContainEqual(expect.stringMatching(/^setup: cannot go on: this is Linux aarch64; /))
  expect(lines).toContainEqual(expect.stringMatching(/^setup: cannot go on: not root; loading /))
  expect(lines).toContainEqual(
    expect.stringMatching(/^setup: cannot go on: kernel 4\.19\.0-27-amd64 is too old; /),
  )
})

test('setup refuses a mode it does not know', () => {
  const run = spawnSync(
    'sh',
    [join(ROOT, 'scripts/setup.sh'), 'everything'],
    environment(process.env['PATH'] ?? ''),
  )
  expect(run.status).toBe(1)
  expect(run.stderr).toBe(
    "setup: cannot go on: unknown mode 'everything': use run, test, e2e, kernels or stack\n",
  )
})

test.for([
  ['v20.20.2', 'found v20.20.2'],
  ['v24.14.1', 'found v24.14.1'],
  ['', 'found none'],
])('the launcher refuses Node %s in one line', ([version, words]) => {
  const folder = packageWith(`echo ${version}`)
  const run = spawnSync(
    join(folder, 'bin/qtap'),
    [],
    environment(`${join(folder, 'programs')}:/usr/bin:/bin`),
  )
  expect(run.status).toBe(1)
  expect(run.stderr.trim().split('\n')).toEqual([expect.stringContaining(words ?? '')])
})

test('the launcher, through a link and from elsewhere, starts the compiled entry with its arguments', () => {
  const folder = packageWith('case $1 in --version) echo v24.15.0 ;; *) echo "$*" ;; esac')
  const link = join(folder, 'link')
  symlinkSync(join(folder, 'bin/qtap'), link)
  const run = spawnSync(link, ['--config', 'a b.yaml'], {
    ...environment(`${join(folder, 'programs')}:/usr/bin:/bin`),
    cwd: tmpdir(),
  })
  const [option, ...rest] = run.stdout.trim().split(' --')
  expect(option).toBe('--disable-warning=ExperimentalWarning')
  expect(rest.join(' --')).toMatch(/(^| )\S*\/dist\/main\.js --config a b\.yaml$/)
  expect(run.stdout).toContain(join(folder, 'dist/main.js'))
})

/** A folder of programs that are shell scripts with these contents. */
function folderOf(programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'qtap-programs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return folder
}

/** A package as it is published, beside a `programs/node` that runs this script. */
function packageWith(node: string): string {
  const folder = folderOf({})
  symlinkSync(folderOf({ node }), join(folder, 'programs'))
  const run = spawnSync('sh', ['-c', `mkdir "${folder}/bin" && cp "${ROOT}bin/qtap" "${folder}/bin/qtap"`])
  expect(run.status).toBe(0)
  return folder
}

function environment(path: string) {
  return { env: { PATH: path }, encoding: 'utf8' } as const
}
