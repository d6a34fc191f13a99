import { ReadyExpression } from './evaluate.ts'
import type { MacroDefinition, MacroMistake, Macros } from './expression.ts'
import { FUNCTIONS } from './functions.ts'
import { parseExpression } from './parse.ts'
import { describeMistake, NoExpression } from './syntax-mistake.ts'
import type { Operand, SyntaxTree } from './syntax-tree.ts'
import { OPERATOR_WORDS } from './tokens.ts'

export const NO_MACROS: Macros = { names: [], find: () => undefined }
export const MACROS_MAX = 1_000

interface Parsed {
  readonly index: number
  readonly definition: MacroDefinition
  readonly tree: SyntaxTree
  /** Names of what it calls. */
  readonly calls: ReadonlySet<string>
}

/** Compiles all macros, whatever their order; those with a mistake are left out, and named. */
export function compileMacros(definitions: readonly MacroDefinition[]): {
  readonly macros: Macros
  readonly mistakes: readonly MacroMistake[]
} {
  const mistakes: MacroMistake[] = []
  const parsed = new Map<string, Parsed>()
  const seen = new Set<string>()
  for (const [index, definition] of definitions.entries()) {
    const { name } = definition
    const message = index < MACROS_MAX ? nameMistake(name, seen) : `more than ${MACROS_MAX} macros`
    seen.add(name)
    if (message !== undefined) {
      mistakes.push({ index, part: 'name', message: `macro "${name}": ${message}`, suggestion: undefined })
      continue
    }
    trying(index, definition, () => {
      const tree = parseExpression(definition.expr)
      parsed.set(name, { index, definition, tree, calls: new Set(callsIn(tree)) })
    })
  }
  for (const macro of inCircles(parsed)) {
    const { index, circle, definition } = macro
    parsed.delete(definition.name)
    const message = `macro "${definition.name}": calls itself: ${circle.join(' → ')}`
    mistakes.push({ index, part: 'expr', message, suggestion: undefined })
  }
  const ready = new Map<string, ReadyExpression>()
  const macros: Macros = {
    get names() {
      return [...ready.keys()]
    },
    find: (name) => ready.get(name),
  }
  const done = new Set<string>()
  for (const name of parsed.keys()) compile(name)
  return {
    macros: { names: [...ready.keys()], find: macros.find },
    mistakes: mistakes.sort((one, other) => one.index - other.index),
  }

  /** What it calls comes first. There are no circles any more. */
  function compile(name: string): void {
    const macro = parsed.get(name)
    if (macro === undefined || done.has(name)) return
    done.add(name)
    for (const called of macro.calls) compile(called)
    trying(macro.index, macro.definition, () => {
      ready.set(name, new ReadyExpression(macro.definition.expr, macro.tree, macros))
    })
  }

  function trying(index: number, { name, expr }: MacroDefinition, act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof NoExpression)) throw error
      const { text } = describeMistake(expr, new NoExpression(error.at, error.message))
      mistakes.push({
        index,
        part: 'expr',
        message: `macro "${name}": ${text}`,
        suggestion: describeMistake(expr, error).suggestion,
      })
    }
  }
}

function nameMistake(name: string, seen: ReadonlySet<string>): string | undefined {
  if (Object.hasOwn(FUNCTIONS, name))
    return `name conflicts with a ${FUNCTIONS[name]?.isLibrary === true ? 'stdlib' : 'custom'} function`
  if (seen.has(name)) return 'name must be unique'
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'a name is a letter or _, and then letters, digits and _'
  if ([...OPERATOR_WORDS, 'true', 'false'].includes(name.toLowerCase()))
    return 'name is a word of the language'
  return undefined
}

/** Those that call themselves, each with the shortest way back to it. */
function inCircles(parsed: ReadonlyMap<string, Parsed>): readonly (Parsed & { circle: readonly string[] })[] {
  return [...parsed.values()].flatMap((macro) => {
    const circle = wayBack(macro.definition.name, parsed)
    return circle === undefined ? [] : [{ ...macro, circle }]
  })
}

function wayBack(start: string, parsed: ReadonlyMap<string, Parsed>): readonly string[] | undefined {
  const cameFrom = new Map<string, string>()
  const waiting = [start]
  for (const name of waiting) {
    for (const called of parsed.get(name)?.calls ?? []) {
      if (cameFrom.has(called)) continue
      cameFrom.set(called, name)
      if (called !== start) waiting.push(called)
    }
  }
  if (!cameFrom.has(start)) return undefined
  const way = [start]
  for (let name = cameFrom.get(start); name !== undefined && name !== start; name = cameFrom.get(name))
    way.unshift(name)
  return [start, ...way]
}

function callsIn(tree: SyntaxTree): readonly string[] {
  switch (tree.kind) {
    case 'and':
    case 'or':
      return tree.parts.flatMap(callsIn)
    case 'not':
      return callsIn(tree.part)
    case 'truth':
      return callsOf(tree.operand)
    case 'comparison':
      return [...callsOf(tree.left), ...callsOf(tree.right)]
    default:
      return tree satisfies never
  }
}

function callsOf(operand: Operand): readonly string[] {
  return operand.kind === 'call' ? [operand.name, ...operand.args.flatMap(callsOf)] : []
}
