/** The project's own files, and what their syntax says. For the gate tests. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseAst } from 'vitest/node'

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string
  readonly text: string
}

/** A node of the syntax tree: a word, a place in the text, and whatever else that word has. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

const ROOT = new URL('..', import.meta.url).pathname

/** Every file that belongs to the project, that is: all but what `.gitignore` names. */
export function projectFiles(under = ''): readonly string[] {
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n').filter(Boolean)
  return filesIn(under)

  function filesIn(folder: string): string[] {
    return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.name === '.git' || ignored.some((pattern) => matches(entry.name, pattern))) return []
      return entry.isDirectory() ? filesIn(path) : [path]
    })
  }
}

function matches(name: string, pattern: string): boolean {
  return pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern.replace(/\/$/, '')
}

export function sizeOf(path: string): number {
  return statSync(join(ROOT, path)).size
}

export function readSource(path: string): SourceFile {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') }
}

export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts')
}

const trees = new Map<string, SyntaxNode>()

/** The syntax tree of a TypeScript file; the same text is parsed once. */
export function syntaxOf(file: SourceFile): SyntaxNode {
  const known = trees.get(file.text)
  if (known) return known
  const tree: unknown = parseAst(file.text, { lang: 'ts' }, file.path)
  if (!isNode(tree)) throw new Error(`${file.path} has no syntax tree`)
  trees.set(file.text, tree)
  return tree
}

/** All nodes of a tree, outer before inner. */
export function* nodesOf(node: SyntaxNode): Generator<SyntaxNode> {
  yield node
  for (const value of Object.values(node)) {
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (isNode(inner)) yield* nodesOf(inner)
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** What a file imports or re-exports: project files as paths from the root, anything else as written. */
export function importsOf(file: SourceFile): readonly string[] {
  const targets: string[] = []
  for (const node of nodesOf(syntaxOf(file))) {
    const from = node['source']
    if (!isNode(from) || typeof from['value'] !== 'string') continue
    targets.push(
      from['value'].startsWith('.') ? normalize(join(dirname(file.path), from['value'])) : from['value'],
    )
  }
  return targets
}

export function lineAt(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length
}
