import { expect, test } from 'vitest'
import {
  importsOf,
  isNode,
  isTest,
  nodesOf,
  projectFiles,
  readSource,
  type SourceFile,
  syntaxOf,
} from './source-tree.ts'

/** A rule names the files it is about, what it forbids there, and what to do instead. */
interface Rule {
  readonly holdsFor: (path: string) => boolean
  readonly forbids: (file: SourceFile) => readonly string[]
  readonly instead: string
}

const SOCKET_MODULES = [
  '@grpc/grpc-js',
  ...['dgram', 'dns', 'dns/promises', 'http', 'http2', 'https', 'net', 'tls'].map((name) => `node:${name}`),
]
/** Modules that can open UNIX sockets, and by what. */
const UNIX_SOCKETS: Readonly<Record<string, RegExp>> = {
  '@grpc/grpc-js': /^new Client\(\s*`unix:/,
  'node:http': /^request\(\{ socketPath:/,
}
/** The only file that listens. */
const STATUS_SERVER = 'src/telemetry/status-server.ts'
const PURE_MODULES = ['node:buffer', 'node:crypto', 'node:zlib']

const RULES = {
  'imports point up the listing': {
    holdsFor: () => true,
    forbids: (file) => importsOf(file).filter((target) => pointsDown(file.path, target)),
    instead:
      'import only from folders before this one in the alphabet; lift what both need to the earlier one',
  },
  "other folders are entered by their index.ts, one's own is not": {
    holdsFor: (path) => !isTest(path),
    forbids: (file) => importsOf(file).filter((target) => missesTheFace(file.path, target)),
    instead:
      'export the name in src/<folder>/index.ts for other folders; inside the folder import the file itself',
  },
  'a face only re-exports': {
    holdsFor: (path) => /^src\/[^/]+\/index\.ts$/.test(path),
    forbids: (file) =>
      childrenOf(file)
        .filter((node) => !isReExport(node))
        .map((node) => node.type),
    instead: 'move code into a file named for what it does',
  },
  'the agent knows nothing of its tests and scripts': {
    holdsFor: (path) => !isTest(path),
    forbids: (file) => importsOf(file).filter((target) => /^(test|scripts|bench)\/|\.test\.ts$/.test(target)),
    instead: 'move what the agent needs into src/',
  },
  'only base/clock.ts reads the clock': {
    holdsFor: (path) => !isTest(path) && path !== 'src/base/clock.ts',
    forbids: clockReads,
    instead: 'take a Clock from the caller',
  },
  'only capture/ spawns processes': {
    holdsFor: (path) => !isTest(path) && !path.startsWith('src/capture/'),
    forbids: (file) => importsOf(file).filter((target) => target === 'node:child_process'),
    instead: 'let capture/ give the fact with its events',
  },
  'only capture/ reads /proc': {
    holdsFor: (path) => !isTest(path) && !path.startsWith('src/capture/'),
    forbids: (file) => textsIn(file).filter((text) => /^\/proc(\/|$)/.test(text)),
    instead: 'let capture/ give the fact with its events',
  },
  'only stores/ opens sockets, but for those of container runtimes and of the status server': {
    // The configuration may be behind a URL: this file asks for it, and for nothing else.
    holdsFor: (path) =>
      !isTest(path) &&
      !/^src\/(stores|capture\/containers)\//.test(path) &&
      path !== 'src/config-download.ts' &&
      path !== STATUS_SERVER,
    forbids: (file) => [
      ...importsOf(file).filter((target) => SOCKET_MODULES.includes(target)),
      ...fetchCalls(file),
    ],
    instead: 'give what is to be sent to a store',
  },
  'capture/containers/ opens UNIX sockets only': {
    holdsFor: (path) => !isTest(path) && path.startsWith('src/capture/containers/'),
    forbids: (file) => [
      ...importsOf(file).filter((target) => SOCKET_MODULES.includes(target) && !UNIX_SOCKETS[target]),
      ...fetchCalls(file),
      ...callsOf(file, ['request', 'get', 'connect', 'Client']).filter((call) => !opensUnixSocket(call)),
    ],
    instead: 'write `request({ socketPath: … })` or new Client(`unix://…`)',
  },
  'the status server answers, and asks nobody': {
    holdsFor: (path) => path === STATUS_SERVER,
    forbids: (file) => [
      ...importsOf(file).filter((target) => SOCKET_MODULES.includes(target) && target !== 'node:http'),
      ...fetchCalls(file),
      ...callsOf(file, ['request', 'get', 'connect', 'Agent', 'ClientRequest']),
    ],
    instead:
      'give what is to be sent to a store; import createServer of node:http, and nothing that connects',
  },
  'only the status server listens': {
    // The lock of a spool is a UNIX socket without a file, on which nobody is answered.
    holdsFor: (path) =>
      !isTest(path) && path !== STATUS_SERVER && !/^src\/stores\/.*\/folder-lock\.ts$/.test(path),
    forbids: (file) => callsOf(file, ['createServer', 'createSecureServer', 'createSocket', 'Server']),
    instead: 'add a path to the status server',
  },
  'decoders, exchanges and outputs compute, and do nothing else': {
    holdsFor: (path) => !isTest(path) && /^src\/(decoders|exchanges|outputs)\//.test(path),
    forbids: (file) =>
      importsOf(file).filter((target) => target.startsWith('node:') && !PURE_MODULES.includes(target)),
    instead: `import no module of Node but ${PURE_MODULES.join(', ')}`,
  },
  'only capture/ and connections/tls/ call native code': {
    holdsFor: (path) => !isTest(path) && !/^src\/(capture|connections\/tls)\//.test(path),
    forbids: (file) => importsOf(file).filter((target) => target === 'koffi'),
    instead: 'export a function from one of these folders',
  },
} as const satisfies Record<string, Rule>

const RULE_NAMES = Object.keys(RULES).filter((name): name is keyof typeof RULES => name in RULES)

test.for(RULE_NAMES)('%s', (name) => {
  const files = projectFiles('src').filter((path) => path.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(10)
  expect(files.flatMap((path) => broken(name, readSource(path)))).toEqual([])
})

const PLANTED: readonly [rule: keyof typeof RULES, path: string, text: string][] = [
  [
    'imports point up the listing',
    'src/decoders/a.ts',
    "import type { Exchange } from '../exchanges/index.ts'",
  ],
  ['imports point up the listing', 'src/decoders/http1/a.test.ts', "export * from '../../outputs/index.ts'"],
  ['imports point up the listing', 'src/stores/a.ts', "const agent = await import('../agent.ts')"],
  [
    "other folders are entered by their index.ts, one's own is not",
    'src/decoders/a.ts',
    "import '../base/ids.ts'",
  ],
  [
    "other folders are entered by their index.ts, one's own is not",
    'src/base/a.ts',
    "export * from './index.ts'",
  ],
  [
    "other folders are entered by their index.ts, one's own is not",
    'src/agent.ts',
    "import './stores/queue.ts'",
  ],
  ['a face only re-exports', 'src/base/index.ts', 'export const limit = 1'],
  [
    'the agent knows nothing of its tests and scripts',
    'src/main.ts',
    "import { a } from '../test/source-tree.ts'",
  ],
  ['only base/clock.ts reads the clock', 'src/exchanges/a.ts', 'const at = Date.now()'],
  ['only base/clock.ts reads the clock', 'src/exchanges/a.ts', 'const read = performance.now'],
  ['only base/clock.ts reads the clock', 'src/exchanges/a.ts', 'const at = new Date()'],
  ['only base/clock.ts reads the clock', 'src/exchanges/a.ts', 'const at = process.hrtime.bigint()'],
  ['only capture/ spawns processes', 'src/stores/a.ts', "import { spawn } from 'node:child_process'"],
  ['only capture/ reads /proc', 'src/agent.ts', 'const path = `/proc/1/exe`'],
  ['only capture/ reads /proc', 'src/agent.ts', "const path = '/proc/self/exe'"],
  [
    'only stores/ opens sockets, but for those of container runtimes and of the status server',
    'src/plugins/a.ts',
    "import { connect } from 'node:net'",
  ],
  [
    'only stores/ opens sockets, but for those of container runtimes and of the status server',
    'src/capture/a.ts',
    "const { Client } = await import('@grpc/grpc-js')",
  ],
  [
    'only stores/ opens sockets, but for those of container runtimes and of the status server',
    'src/plugins/a.ts',
    'const reply = await fetch(url)',
  ],
  [
    'capture/containers/ opens UNIX sockets only',
    'src/capture/containers/a.ts',
    "import { connect } from 'node:net'",
  ],
  [
    'capture/containers/ opens UNIX sockets only',
    'src/capture/containers/a.ts',
    "const asked = request('http://192.0.2.1/')",
  ],
  [
    'capture/containers/ opens UNIX sockets only',
    'src/capture/containers/a.ts',
    "const client = new Client('192.0.2.1:443', credentials)",
  ],
  [
    'only stores/ opens sockets, but for those of container runtimes and of the status server',
    'src/telemetry/a.ts',
    "import { createServer } from 'node:http'",
  ],
  ['the status server answers, and asks nobody', STATUS_SERVER, "import { connect } from 'node:net'"],
  ['the status server answers, and asks nobody', STATUS_SERVER, "request('http://192.0.2.1/')"],
  ['the status server answers, and asks nobody', STATUS_SERVER, 'const reply = await fetch(url)'],
  ['only the status server listens', 'src/stores/a.ts', 'createServer(answer).listen(80)'],
  ['only the status server listens', 'src/agent.ts', 'const listening = new Server()'],
  ['decoders, exchanges and outputs compute, and do nothing else', 'src/outputs/a.ts', "import 'node:fs'"],
  ['only capture/ and connections/tls/ call native code', 'src/stores/a.ts', "import koffi from 'koffi'"],
]

test.for(PLANTED)('a planted violation of "%s" is named (%s: %s)', ([rule, path, text]) => {
  expect(broken(rule, { path, text })).toEqual([expect.stringContaining(`${path}: `)])
})

test('what the rules allow passes', () => {
  const text = `
    import { zlib } from 'node:zlib'
    import type { Connection } from '../connections/index.ts'
    import { readHead } from './readers.ts'
    export const at = new Date(0).getTime()`
  const file = { path: 'src/decoders/a.ts', text }
  expect(RULE_NAMES.flatMap((name) => broken(name, file))).toEqual([])
})

function broken(name: keyof typeof RULES, file: SourceFile): readonly string[] {
  const rule: Rule = RULES[name]
  if (!rule.holdsFor(file.path)) return []
  return rule.forbids(file).map((what) => `${file.path}: ${what}: ${name}; ${rule.instead}`)
}

/** `src/base/ids.ts` lies in `base`; root files of `src/` lie in ''; the rest in no folder of the agent. */
function stageOf(path: string): string | undefined {
  const parts = path.split('/')
  if (parts[0] !== 'src') return undefined
  return parts.length > 2 ? parts[1] : ''
}

/** Root files may import every folder, and no folder may import them. */
function pointsDown(from: string, target: string): boolean {
  const here = stageOf(from)
  const there = stageOf(target)
  if (here === undefined || here === '' || there === undefined) return false
  return there === '' || there > here
}

function missesTheFace(from: string, target: string): boolean {
  const here = stageOf(from)
  const there = stageOf(target)
  if (there === undefined || there === '') return false
  return (here === there) === (target === `src/${there}/index.ts`)
}

function childrenOf(file: SourceFile) {
  const body = syntaxOf(file)['body']
  return Array.isArray(body) ? body.filter(isNode) : []
}

function isReExport(node: { readonly type: string; readonly [field: string]: unknown }): boolean {
  return (
    node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && isNode(node['source']))
  )
}

function clockReads(file: SourceFile): readonly string[] {
  return [...nodesOf(syntaxOf(file))].flatMap((node) => {
    const text = file.text.slice(node.start, node.end)
    if (node.type === 'MemberExpression') {
      return /^(Date\.now|performance\.now|process\.hrtime)$/.test(text) ? [text] : []
    }
    return node.type === 'NewExpression' && /^new Date(\(\s*\))?$/.test(text) ? [text] : []
  })
}

function fetchCalls(file: SourceFile): readonly string[] {
  return callsOf(file, ['fetch'])
}

/** Calls of functions, and of constructors, with one of these names. */
function callsOf(file: SourceFile, names: readonly string[]): readonly string[] {
  return [...nodesOf(syntaxOf(file))]
    .filter(({ type, callee }) => {
      const isCall = type === 'CallExpression' || type === 'NewExpression'
      return isCall && isNode(callee) && names.includes(String(callee['name']))
    })
    .map((node) => file.text.slice(node.start, node.end))
}

function opensUnixSocket(call: string): boolean {
  return Object.values(UNIX_SOCKETS).some((form) => form.test(call))
}

/** The texts of string literals, and the beginnings of template literals. */
function textsIn(file: SourceFile): readonly string[] {
  return [...nodesOf(syntaxOf(file))].flatMap((node) => {
    if (node.type === 'Literal' && typeof node['value'] === 'string') return [node['value']]
    if (node.type === 'TemplateElement') return [file.text.slice(node.start, node.end).replace(/^`/, '')]
    return []
  })
}
