import { nearest, type Path, type Remark, type Review } from '../base/index.ts'
import {
  compileExpression,
  compileMacros,
  type Expression,
  type MacroDefinition,
  type Macros,
  type SyntaxMistake,
} from '../expressions/index.ts'
import { isRuleField, RULE_FIELDS } from './rule-fields.ts'

const VARIABLE = 'src.process.env.'

/** True when the text at `path` is an expression. What is wrong with it is told. */
export type ExpressionCheck = (text: string, path: Path) => boolean

/**
 * Compiles the macros of a file, whose list stands at `list`, and refuses those with a mistake. Gives what
 * checks the other expressions of the file, all of which may call these macros, and those of the names
 * `unread`, about which enough was said. Of the environment of processes only `variables` are read.
 */
export function openExpressionCheck(
  definitions: readonly MacroDefinition[],
  list: Path,
  review: Review,
  { unread, variables }: { readonly unread: readonly string[]; readonly variables: readonly string[] },
): ExpressionCheck {
  const { macros, mistakes } = compileMacros(definitions)
  /** Names that a macro was blamed for: not those who call it, too. */
  const told = new Set<string>(unread)
  for (const { index, part, message } of mistakes) {
    const { name = '', expr = '' } = definitions[index] ?? {}
    told.add(name)
    const compiled = part === 'expr' ? compileExpression(expr, macros) : undefined
    review.refuse([...list, index, part], compiled?.kind === 'mistake' ? remarkOn(compiled.mistake) : message)
  }
  for (const [index, { name }] of definitions.entries()) {
    const macro = macros.find(name)
    if (macro === undefined) continue
    for (const unknown of tellUnknownNames(macro, [...list, index, 'expr'])) told.add(unknown)
  }
  return check

  function check(text: string, path: Path): boolean {
    if (text.trim() === '') {
      review.warn(path, 'is empty: the rule is skipped')
      return false
    }
    const compiled = compileExpression(text, macros)
    if (compiled.kind === 'mistake') {
      review.warn(path, remarkOn(compiled.mistake))
      return false
    }
    tellUnknownNames(compiled.expression, path)
    return true
  }

  /** Says which names nothing answers to, and gives them. */
  function tellUnknownNames(expression: Expression, path: Path): readonly string[] {
    const functions = expression.unknownFunctions.filter(({ name }) => !told.has(name))
    const unknownFields = expression.fieldNames.filter((name) => !told.has(name) && !isRuleField(name))
    for (const { name, line, column, suggestion } of functions) {
      const message = `there is no function or macro "${name}"`
      review.warn(path, { message, suggestion, inText: { line, column } })
    }
    for (const { message, line, column } of expression.miscounted) {
      review.warn(path, { message, inText: { line, column } })
    }
    for (const name of unknownFields) {
      review.advise(path, { message: `no exchange has a field "${name}"`, suggestion: meantBy(name, macros) })
    }
    for (const name of expression.fieldNames) {
      const variable = name.startsWith(VARIABLE) ? name.slice(VARIABLE.length) : ''
      if (variable === '' || variables.includes(variable)) continue
      review.advise(path, `no exchange has a field "${name}" unless ${variable} is named under tags`)
    }
    return [...functions.map(({ name }) => name), ...unknownFields]
  }
}

/** What the name of no field probably stands for: another field, or the call of a macro. */
export function meantBy(name: string, macros: Macros): string | undefined {
  if (macros.find(name) !== undefined) return `${name}()`
  return nearest(
    name,
    RULE_FIELDS.map((field) => field.name),
  )
}

/** The mistake, its place, and from its description the line it is in with a mark below. */
function remarkOn({ line, column, message, suggestion, text }: SyntaxMistake): Remark {
  const remedy = suggestion === undefined ? '' : ` (suggestion: ${suggestion})`
  return {
    message: `syntax error: ${message}${remedy}`,
    excerpt: text.split('\n').slice(1, 3),
    inText: { line, column },
  }
}
