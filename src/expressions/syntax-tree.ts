import type { Literal, LiteralArray } from './literal.ts'

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'contains' | 'matches' | 'in'

/** What can stand on a side of a comparison. */
export type Operand =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'array'; readonly array: LiteralArray }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Operand[]; readonly at: number }

export type SyntaxTree =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly SyntaxTree[] }
  | { readonly kind: 'not'; readonly part: SyntaxTree }
  | {
      readonly kind: 'comparison'
      readonly operator: Comparison
      readonly left: Operand
      readonly right: Operand
    }
  | { readonly kind: 'truth'; readonly operand: Operand }
