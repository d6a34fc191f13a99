import { expect, test } from 'vitest'
import {
  importsOf,
  isNode,
  isTest,
  lineAt,
  nodesOf,
  projectFiles,
  readSource,
  type SourceFile,
  type SyntaxNode,
  sizeOf,
  syntaxOf,
} from './source-tree.ts'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70
const LINE_CHARACTERS_MAX = 110
const BLOB_BYTES_MAX = 256 * 1024

/** A check looks at one file and says what is wrong there, each with its remedy. */
interface Check {
  readonly looksAt: RegExp
  readonly findings: (file: SourceFile) => readonly string[]
}

const CODE = /\.(ts|c|h|sh)$|^(bin\/qtap|\.ci\/run)$/
const TEXT = /\.(ts|c|h|sh|md|json|ya?ml|py|conf|txt)$|^(bin\/qtap|\.ci\/run)$/
// Put together here, so that this file passes its own test.
const UNFINISHED = new RegExp(
  `\\b(${['TO', 'FIX', 'X', 'HA'].map((start, at) => start + ['DO', 'ME', 'XX', 'CK'][at]).join('|')})\\b`,
)
const BY_HAND = new RegExp(
  ['keep', 'keep it', 'keep them', 'stay', 'must stay'].map((verb) => `${verb} in sync`).join('|'),
  'i',
)
// Where the agent keeps its files unless told otherwise is a documented default, no path of one machine.
const MACHINE_PATH = new RegExp(`(?<![\\w.>}])/(${['work', 'tmp', 'Users'].join('|')})/(?!qpoint\\b)`)
const REGISTRY_HOSTS = new RegExp(
  // In two parts each, so that this page holds no such host itself.
  [
    ['registry', 'npmjs'],
    ['registry', 'yarnpkg'],
    ['npmmirror'],
    ['proxy', 'golang'],
    ['pypi'],
    ['crates'],
    ['deb', 'debian'],
    ['snapshot', 'debian'],
  ]
    .map((parts) => `\\b${parts.join('\\.')}\\.(org|com|io|net)\\b`)
    .join('|'),
)
const BANNED_WORDS = /^(utils?|commons?|helpers?|misc|managers?)$/i

const CHECKS = {
  'files end early': {
    looksAt: CODE,
    findings: ({ text }) => {
      const lines = text.split('\n').length - 1
      return lines > FILE_LINES_MAX
        ? [`${lines} lines: split it by subject, ${FILE_LINES_MAX} is the limit`]
        : []
    },
  },
  'functions fit a screen': {
    looksAt: CODE,
    findings: (file) => (file.path.endsWith('.ts') ? longFunctions(file) : longBlocks(file)),
  },
  'lines fit a screen': {
    looksAt: CODE,
    findings: ({ path, text }) =>
      linesOf(text).flatMap(([line, number]) => {
        // The name of a test, or bytes it is about, may be as long as they are.
        const measured = path.endsWith('.test.ts') ? line.replace(/'[^']*'/, '') : line
        const width = measured.replaceAll('\t', '    ').length
        return width > LINE_CHARACTERS_MAX ? [tooWide(number, width)] : []
      }),
  },
  'names say what a thing is': { looksAt: /\.ts$/, findings: (file) => vagueNames(file) },
  'types are known': {
    looksAt: /\.ts$/,
    findings: (file) =>
      [...nodesOf(syntaxOf(file))]
        .filter((node) => node.type === 'TSAnyKeyword')
        .map(
          (node) => `line ${lineAt(file, node.start)} says \`any\`: say the type, or \`unknown\` and look`,
        ),
  },
  'nothing is left for later': {
    looksAt: TEXT,
    findings: (file) => linesWith(file, UNFINISHED, 'do it now, or leave it out'),
  },
  'nothing is kept equal by hand': {
    looksAt: TEXT,
    findings: (file) => linesWith(file, BY_HAND, 'generate one from the other, or compare them in a test'),
  },
  'no path of one machine': {
    looksAt: TEXT,
    findings: (file) => linesWith(file, MACHINE_PATH, 'use a path from the project root, or os.tmpdir()'),
  },
  'no host of a package registry': {
    looksAt: TEXT,
    findings: (file) => linesWith(file, REGISTRY_HOSTS, "leave it to the client's configuration"),
  },
  'a page has one title': {
    looksAt: /\.md$/,
    findings: ({ text }) => {
      const titles = text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '').match(/^# .+$/gm)?.length ?? 0
      return titles === 1 ? [] : [`${titles} titles: begin with one line "# Title", and use ## below`]
    },
  },
} as const satisfies Record<string, Check>

const CHECK_NAMES = Object.keys(CHECKS).filter((name): name is keyof typeof CHECKS => name in CHECKS)
const PATHS = projectFiles().filter((path) => !path.startsWith('test/traces/'))

test.for(CHECK_NAMES)('%s', (name) => {
  const paths = PATHS.filter((path) => CHECKS[name].looksAt.test(path))
  expect(paths.length).toBeGreaterThan(1)
  expect(paths.flatMap((path) => found(name, readSource(path)))).toEqual([])
})

test('folders and files are named for what is in them', () => {
  expect(PATHS.flatMap(vaguePath)).toEqual([])
})

test('nothing large is committed but traces', () => {
  expect(PATHS.flatMap((path) => tooLarge(path, sizeOf(path)))).toEqual([])
})

test('every source file is used', () => {
  const sources = PATHS.filter((path) => /^(src|test|scripts|bench)\/.*\.ts$/.test(path)).map(readSource)
  const commands = ['package.json', '.ci/run', 'scripts/generate.ts', 'bin/qtap'].map(
    (path) => readSource(path).text,
  )
  expect(unused(sources, commands.join('\n'))).toEqual([])
})

const PLANTED: readonly [check: keyof typeof CHECKS, path: string, text: string][] = [
  ['files end early', 'src/a.ts', 'let a\n'.repeat(401)],
  ['functions fit a screen', 'src/a.ts', `function a() {\n${'b()\n'.repeat(69)}}`],
  ['functions fit a screen', 'src/a.ts', `const a = () => {\n${'b()\n'.repeat(69)}}`],
  ['functions fit a screen', 'bpf/a.h', `int a(void)\n{\n${'\tb();\n'.repeat(69)}}`],
  ['lines fit a screen', 'bpf/a.c', `\t${'a'.repeat(107)}`],
  ['names say what a thing is', 'src/a.ts', 'export function parseHelper() {}'],
  ['names say what a thing is', 'src/a.ts', 'const string_utils = 1'],
  ['names say what a thing is', 'src/a.ts', 'interface ConnectionManager {}'],
  ['types are known', 'src/a.ts', 'const a = b as any'],
  ['types are known', 'src/a.ts', 'function a(b: any[]) {}'],
  ['nothing is left for later', 'docs/a.md', `${'TO'}${'DO'}: write`],
  ['nothing is kept equal by hand', 'bpf/a.h', `/* ${'Keep'} in sync with b.h */`],
  ['no path of one machine', 'scripts/a.sh', `cd ${'/'}tmp/build`],
  [
    'no host of a package registry',
    'package-lock.json',
    `"https://${['registry', 'npmjs', 'org'].join('.')}/a.tgz"`,
  ],
  ['a page has one title', 'docs/a.md', 'No title.'],
  ['a page has one title', 'docs/a.md', '# One\n\n# Two'],
]

test.for(PLANTED)('a planted violation of "%s" is named (%s)', ([name, path, text]) => {
  expect(found(name, { path, text })).toEqual([expect.stringContaining(`${path}: `)])
})

test('planted files with vague names, of great size or without use are named', () => {
  expect(vaguePath('src/base/string-utils.ts')).toHaveLength(1)
  expect(vaguePath('src/common/strings.ts')).toHaveLength(1)
  expect(tooLarge('docs/picture.png', BLOB_BYTES_MAX + 1)).toHaveLength(1)
  const sources = [
    { path: 'src/main.ts', text: "import './used.ts'" },
    { path: 'src/used.ts', text: '' },
    { path: 'src/tested.ts', text: '' },
    { path: 'src/tested.test.ts', text: "import './tested.ts'" },
    { path: 'scripts/command.ts', text: '' },
    { path: 'scripts/forgotten.ts', text: '' },
  ]
  expect(unused(sources, 'node scripts/command.ts')).toEqual([
    expect.stringContaining('src/tested.ts'),
    expect.stringContaining('scripts/forgotten.ts'),
  ])
})

test('what the checks allow passes', () => {
  const stage = `function a() {\n${'b()\n'.repeat(60)}\nfunction c() {\n${'d()\n'.repeat(60)}}\n}`
  expect(CHECK_NAMES.flatMap((name) => found(name, { path: 'src/a.ts', text: stage }))).toEqual([])
  const page = '# One\n\n```sh\n# no title\n```\n'
  expect(found('a page has one title', { path: 'docs/a.md', text: page })).toEqual([])
})

function found(name: keyof typeof CHECKS, file: SourceFile): readonly string[] {
  if (!CHECKS[name].looksAt.test(file.path)) return []
  return CHECKS[name].findings(file).map((finding) => `${file.path}: ${finding}`)
}

function linesOf(text: string): readonly (readonly [line: string, number: number])[] {
  return text.split('\n').map((line, index) => [line, index + 1])
}

function tooWide(line: number, characters: number): string {
  return `line ${line} has ${characters} characters: break it at ${LINE_CHARACTERS_MAX}`
}

function tooLong(line: number, lines: number): string {
  return `the function at line ${line} has ${lines} lines: take a part out at ${FUNCTION_LINES_MAX}`
}

function linesWith(file: SourceFile, pattern: RegExp, remedy: string): readonly string[] {
  return linesOf(file.text).flatMap(([line, number]) => {
    const hit = pattern.exec(line)
    return hit ? [`line ${number} says "${hit[0]}": ${remedy}`] : []
  })
}

/** A function declared inside another is measured by itself: a stage is a function that holds its parts. */
function longFunctions(file: SourceFile): readonly string[] {
  const spans = [...nodesOf(syntaxOf(file))].filter(
    (node) => /Function/.test(node.type) && isNode(node['body']),
  )
  return spans.flatMap((node) => {
    const lines = linesIn(file, node) - partsOf(node).reduce((sum, part) => sum + linesIn(file, part), 0)
    return lines > FUNCTION_LINES_MAX ? [tooLong(lineAt(file, node.start), lines)] : []
  })
}

/** The outermost function declarations inside a function. */
function partsOf(node: SyntaxNode): readonly SyntaxNode[] {
  const parts: SyntaxNode[] = []
  for (const inner of nodesOf(node)) {
    if (inner === node || inner.type !== 'FunctionDeclaration') continue
    const last = parts.at(-1)
    if (last === undefined || inner.start >= last.end) parts.push(inner)
  }
  return parts
}

function linesIn(file: SourceFile, node: SyntaxNode): number {
  return file.text.slice(node.start, node.end).split('\n').length
}

/**
 * In C and shell a function's brace stands alone, or ends a line, and its end is a brace in the first column.
 */
function longBlocks(file: SourceFile): readonly string[] {
  let begin = 0
  return linesOf(file.text).flatMap(([line, number]) => {
    if (/^\{|^\S.*\(.*\)\s*\{$/.test(line)) begin = number
    const lines = number - begin + 1
    return line.startsWith('}') && begin > 0 && lines > FUNCTION_LINES_MAX ? [tooLong(begin, lines)] : []
  })
}

function vaguePath(path: string): readonly string[] {
  const words = path.split('/').flatMap((part) => part.split(/[-._]/))
  const vague = words.filter((word) => BANNED_WORDS.test(word))
  return vague.map(
    (word) => `${path}: "${word}" names no thing: put it where it is used, named for what it does`,
  )
}

function vagueNames(file: SourceFile): readonly string[] {
  return [...nodesOf(syntaxOf(file))].flatMap((node) => {
    const name = isNode(node['id']) ? node['id']['name'] : undefined
    if (typeof name !== 'string') return []
    const words = name.split(/_|(?=[A-Z][a-z])/)
    return words.some((word) => BANNED_WORDS.test(word))
      ? [`line ${lineAt(file, node.start)} declares "${name}": name the thing or the act`]
      : []
  })
}

function tooLarge(path: string, bytes: number): readonly string[] {
  return bytes > BLOB_BYTES_MAX ? [`${path}: ${bytes} bytes: make it in a script, or shrink it`] : []
}

/**
 * Used: the agent's entry, a test, a file that a command names, and what a file imports. A test uses nothing
 * of src/.
 */
function unused(sources: readonly SourceFile[], commands: string): readonly string[] {
  const imported = new Set(
    sources.flatMap((file) => importsOf(file).filter((to) => !isTest(file.path) || isTest(to))),
  )
  return sources
    .map((file) => file.path)
    .filter((path) => !imported.has(path) && !path.endsWith('.test.ts') && path !== 'src/main.ts')
    .filter((path) => !commands.includes(path) && !commands.includes(`'${path.replace('scripts/', '')}'`))
    .map((path) => `${path}: nothing imports it: delete it, or import it where it belongs`)
}
