import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findSecretCalls } from './find.ts'
import type { SecretCalls } from './secret-calls.ts'

const LIBRARIES = '/usr/lib/x86_64-linux-gnu'
const objdump = existsSync('/usr/bin/objdump')

for (const name of ['libssl.so.3', 'libgnutls.so.30']) {
  const path = `${LIBRARIES}/${name}`
  test.skipIf(!objdump || !existsSync(path))(`${name} gives exactly the calls that objdump shows`, () => {
    const calls = find(path)
    expect(calls).toMatchObject({ kind: 'found', layout: 'session-first', attachFunction: false })
    if (calls.kind !== 'found') return
    expect(calls.labels).toBeGreaterThanOrEqual(3)
    // In a Debian library addresses in code and file offsets are the same.
    expect(calls.callOffsets).toEqual(callsOf(disassemble(path), calls.functionOffset))
  })
}

// Some distributions build Node against the system's libssl: then the program itself has no such calls.
const ownTls = process.config.variables.node_shared_openssl !== true
test.skipIf(!objdump || !ownTls || process.arch !== 'x64')(
  'Node gives the calls of ssl_log_secret',
  () => {
    const symbol = execFileSync('sh', ['-c', 'nm "$0" | grep " ssl_log_secret$"', process.execPath], {
      encoding: 'utf8',
    })
    const functionAddress = Number.parseInt(symbol, 16)
    const calls = find(process.execPath)
    expect(calls).toMatchObject({ kind: 'found', layout: 'session-first', attachFunction: false })
    if (calls.kind !== 'found') return
    const shift = functionAddress - calls.functionOffset
    const first = (calls.callOffsets[0] ?? 0) + shift
    const last = (calls.callOffsets.at(-1) ?? 0) + shift
    // From a function's start the disassembler stays in step; 64 KiB before is far enough to fall into step.
    const range = [`--start-address=${first - 0x1_0000}`, `--stop-address=${last + 0x1_0000}`]
    const shown = callsOf(disassemble(process.execPath, range), functionAddress)
    expect(calls.callOffsets.map((offset) => offset + shift)).toEqual(shown)
  },
  30_000,
)

test('the C library hands out no secrets', () => {
  const libc = [`${LIBRARIES}/libc.so.6`, '/lib64/libc.so.6', '/lib/ld-musl-x86_64.so.1'].find(existsSync)
  expect(libc).toBeDefined()
  expect(find(libc ?? '')).toEqual({ kind: 'none' })
})

const nss = `${LIBRARIES}/libssl3.so`
test.skipIf(!existsSync(nss))('NSS has the labels but no such function, and that is said', () => {
  expect(find(nss)).toMatchObject({ kind: 'not found' })
})

function find(path: string): SecretCalls {
  const fd = openSync(path, 'r')
  try {
    return findSecretCalls(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

function disassemble(path: string, range: readonly string[] = []): string {
  return execFileSync('objdump', ['-d', '--no-show-raw-insn', ...range, path], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  })
}

/** Addresses of the calls and jumps to a function in a disassembler's listing. */
function callsOf(listing: string, functionAddress: number): number[] {
  const calls = new RegExp(`^ *([0-9a-f]+):\\t(?:call|jmp) +${functionAddress.toString(16)}\\b`, 'gm')
  return [...listing.matchAll(calls)].map(([, address = '']) => Number.parseInt(address, 16))
}
