import { ReadyExpression } from './evaluate.ts'
import type { Compiled, Macros } from './expression.ts'
import { parseExpression } from './parse.ts'
import { describeMistake, NoExpression } from './syntax-mistake.ts'

/** Compiles an expression once. */
export function compileExpression(text: string, macros: Macros): Compiled {
  try {
    return { kind: 'compiled', expression: new ReadyExpression(text, parseExpression(text), macros) }
  } catch (error) {
    if (error instanceof NoExpression) return { kind: 'mistake', mistake: describeMistake(text, error) }
    throw error
  }
}
