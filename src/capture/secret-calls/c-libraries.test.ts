import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findSecretCalls } from './find.ts'
import type { SecretCalls, SecretLayout } from './secret-calls.ts'

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-calls-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const START = `
#include <stddef.h>
#include <string.h>
#define NOINLINE __attribute__((noinline, noipa))
volatile int sink;
unsigned char random32[32];
`

const PARAMETERS: Record<SecretLayout, string> = {
  'session-first': 'void *session, const char *label, const unsigned char *secret, size_t length',
  'label-first':
    'const char *label, void *session, const unsigned char *random, size_t size, ' +
    'const unsigned char *secret, size_t length',
}

const ARGUMENTS: Record<SecretLayout, (label: string) => string> = {
  'session-first': (label) => `session, ${label}, secret, length`,
  'label-first': (label) => `${label}, session, random32, 32, secret, length`,
}

function logFunction(layout: SecretLayout, storage = 'static'): string {
  const body = 'sink += strlen(label) + secret[0] + length; return sink;'
  return `${storage} NOINLINE int log_secret(${PARAMETERS[layout]}) { ${body} }\n`
}

function caller(name: string, layout: SecretLayout, label: string): string {
  return callerThat(name, `sink++; return log_secret(${ARGUMENTS[layout](label)}) + 1;`)
}

function callerThat(name: string, body: string): string {
  return `NOINLINE int ${name}(void *session, unsigned char *secret, size_t length) { ${body} }\n`
}

function library(layout: SecretLayout, storage = 'static'): string {
  return (
    START +
    logFunction(layout, storage) +
    caller('master', layout, '"CLIENT_RANDOM"') +
    caller('exporter', layout, '"EXPORTER_SECRET"') +
    caller('early', layout, '"EARLY_EXPORTER_SECRET"') +
    caller('handshake', layout, '"CLIENT_HANDSHAKE_TRAFFIC_SECRET"') +
    caller('traffic', layout, 'sink ? "CLIENT_TRAFFIC_SECRET_0" : "SERVER_TRAFFIC_SECRET_0"') +
    'int main(void) { unsigned char s[32] = {0}; return master(s, s, 32) + exporter(s, s, 32)' +
    ' + early(s, s, 32) + handshake(s, s, 32) + traffic(s, s, 32); }\n'
  )
}

const builds = [
  ['fixed executable', ['-no-pie', '-fno-pie']],
  ['position-independent executable', ['-pie', '-fPIE']],
  ['shared library', ['-shared', '-fPIC']],
  ['shared library with code and constants in one segment', ['-shared', '-fPIC', '-Wl,-z,noseparate-code']],
] as const

for (const layout of ['session-first', 'label-first'] as const) {
  for (const [name, flags] of builds) {
    test(`a ${name} that passes secrets ${layout} gives the calls that objdump shows`, () => {
      const path = build(library(layout), flags)
      const calls = find(path)
      expect(calls).toMatchObject({ kind: 'found', layout, attachFunction: false })
      expect(siteOffsets(calls)).toEqual(callsByObjdump(path, 'log_secret'))
      expect(siteOffsets(calls).length).toBe(5)
      execFileSync('strip', [path])
      expect(find(path)).toEqual(calls)
    })
  }
}

test('a tail call is found too: the registers hold the arguments there as at a call', () => {
  const passed = ARGUMENTS['session-first']('"CLIENT_EARLY_TRAFFIC_SECRET"')
  const tail = callerThat('tail', `return log_secret(${passed});`)
  const path = build(library('session-first') + tail, ['-shared', '-fPIC', '-foptimize-sibling-calls'])
  const calls = find(path)
  expect(siteOffsets(calls)).toEqual(callsByObjdump(path, 'log_secret'))
  expect(siteOffsets(calls).length).toBe(6)
})

test('a function that calls itself through the linkage table is found by its entry there', () => {
  const path = build(library('session-first', ''), ['-shared', '-fPIC', '-fsemantic-interposition'])
  const calls = find(path)
  expect(calls).toMatchObject({ kind: 'found', layout: 'session-first' })
  expect(siteOffsets(calls)).toEqual(callsByObjdump(path, 'log_secret@plt'))
})

for (const [name, flags] of builds) {
  test(`a function whose address is taken is to be attached to as well (${name})`, () => {
    const inData = 'int (*table[])() = { (int (*)())log_secret };\n'
    const inCode = 'void take(int (**into)()) { *into = (int (*)())log_secret; }\n'
    for (const taken of [inData, inCode]) {
      const calls = find(build(library('session-first') + taken, flags))
      expect(calls).toMatchObject({ kind: 'found', attachFunction: true })
    }
  })
}

test('an exported function is not taken for one whose address is taken', () => {
  const path = build(library('session-first', ''), ['-no-pie', '-fno-pie', '-rdynamic'])
  expect(find(path)).toMatchObject({ kind: 'found', attachFunction: false })
})

test('one label alone names no function', () => {
  const source =
    START + logFunction('session-first') + caller('one', 'session-first', '"CLIENT_TRAFFIC_SECRET_0"')
  expect(find(build(source, ['-shared', '-fPIC']))).toEqual({
    kind: 'not found',
    why: 'no two of its key-log labels are passed to one function',
  })
})

test('labels passed to two functions alike name neither', () => {
  const second = library('label-first')
    .replace(START, '')
    .replaceAll(/\b(log_secret|master|exporter|early|handshake|traffic|main)\(/g, 'other_$1(')
  const calls = find(build(library('session-first') + second, ['-shared', '-fPIC']))
  expect(calls).toEqual({
    kind: 'not found',
    why: 'its key-log labels are passed to several functions alike',
  })
})

test('a program that compares words with the labels, among many others, hands out no secrets', () => {
  const words = [
    'CLIENT_TRAFFIC_SECRET_0',
    'CLIENT_RANDOM',
    ...Array.from({ length: 40 }, (_, n) => `WORD_${n}`),
  ]
  const compare = words.map((word) => `if (compare(line, "${word}") == 0) return ${word.length};`).join('\n')
  const source = `${START}
    static NOINLINE int compare(const char *a, const char *b) { sink++; return strcmp(a, b); }
    int main(int count, char **lines) { const char *line = lines[0]; ${compare} return 0; }\n`
  expect(find(build(source, ['-pie', '-fPIE']))).toEqual({
    kind: 'not found',
    why: '42 calls are too many for a key-log function',
  })
})

test('labels passed to an indirect call vote for no function behind it', () => {
  const source = `${START}extern int (*hook)(void *, const char *);
    static NOINLINE int cleanse(void *session) { return sink += session != 0; }
    NOINLINE int a(void *session) { hook(session, "CLIENT_TRAFFIC_SECRET_0"); return cleanse(session) + 1; }
    NOINLINE int b(void *session) { hook(session, "CLIENT_RANDOM"); return cleanse(session) + 1; }\n`
  expect(find(build(source, ['-shared', '-fPIC']))).toMatchObject({ kind: 'not found' })
})

let built = 0

function build(source: string, flags: readonly string[]): string {
  built += 1
  const path = join(folder, `fake-${built}`)
  writeFileSync(`${path}.c`, source)
  execFileSync('gcc', ['-O2', '-w', ...flags, '-o', path, `${path}.c`])
  return path
}

function find(path: string): SecretCalls {
  const fd = openSync(path, 'r')
  try {
    return findSecretCalls(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

function siteOffsets(calls: SecretCalls): readonly number[] {
  return calls.kind === 'found' ? calls.callOffsets : []
}

/** File offsets of the calls and jumps that the disassembler resolves to a symbol. */
function callsByObjdump(path: string, symbol: string): number[] {
  const text = execFileSync('objdump', ['-d', '-F', '--no-show-raw-insn', path], { encoding: 'utf8' })
  const offsets: number[] = []
  let shift = 0
  for (const line of text.split('\n')) {
    const heading = /^([0-9a-f]+) <.*\(File Offset: 0x([0-9a-f]+)\):$/.exec(line)
    if (heading !== null) shift = hex(heading[2]) - hex(heading[1])
    const call = /^ *([0-9a-f]+):\t(?:call|jmp) .*<([^>+]+)> \(File Offset/.exec(line)
    if (call !== null && call[2] === symbol) offsets.push(hex(call[1]) + shift)
  }
  return offsets
}

function hex(digits: string | undefined): number {
  return Number.parseInt(digits ?? '', 16)
}
