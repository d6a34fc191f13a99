/** An IP address, a network, or a hardware address: what text can be in the language besides itself. */
export type Address = IpAddress | IpNetwork | MacAddress

/** IPv4 as 4 bytes, IPv6 as 16; an IPv4 address mapped into IPv6 is IPv4. */
export interface IpAddress {
  readonly kind: 'ip'
  readonly bytes: Uint8Array
  readonly text: string
}

export interface IpNetwork {
  readonly kind: 'network'
  readonly bytes: Uint8Array
  readonly prefixBits: number
  readonly text: string
}

export interface MacAddress {
  readonly kind: 'mac'
  readonly bytes: Uint8Array
  readonly text: string
}

/** What a field may hold. A field that is not there is undefined: never null, never an error by itself. */
export type FieldValue = string | number | bigint | boolean | Address | readonly string[] | readonly number[]

/** Where an expression finds its fields: by their whole dotted names, such as `http.req.headers.host`. */
export type Fields = (name: string) => FieldValue | undefined

/** What an expression came to. A problem of the data, such as a missing field, is a value, never thrown. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'missing'; readonly fields: readonly string[] }
  | { readonly kind: 'problem'; readonly message: string }

/** A compiled expression: evaluating it reads no clock, does nothing else, and takes bounded time. */
export interface Expression {
  readonly text: string
  /** Names of the fields it may ask for, those of its macros included. */
  readonly fieldNames: readonly string[]
  /** What it calls and nobody knows, which is a problem at run time; those of its macros are not named. */
  readonly unknownFunctions: readonly UnknownFunction[]
  /** Calls with a wrong number of arguments, which never come to a value either. */
  readonly miscounted: readonly MiscountedCall[]
  evaluate(fields: Fields): Outcome
  /** True when it comes to a value that is not zero, false, empty or missing. */
  passes(fields: Fields): boolean
}

/** A call of something that is neither a function nor a macro. Lines and columns count from 1. */
export interface UnknownFunction {
  readonly name: string
  readonly line: number
  readonly column: number
  readonly suggestion: string | undefined
}

/** Lines and columns count from 1. */
export interface MiscountedCall {
  readonly message: string
  readonly line: number
  readonly column: number
}

/** Why a text is no expression. Lines and columns count from 1. */
export interface SyntaxMistake {
  readonly line: number
  readonly column: number
  readonly message: string
  readonly suggestion: string | undefined
  /** All of it in several lines: place, the line of the source, a caret below, and the suggestion. */
  readonly text: string
}

export type Compiled =
  | { readonly kind: 'compiled'; readonly expression: Expression }
  | { readonly kind: 'mistake'; readonly mistake: SyntaxMistake }

/** A named expression of the configuration, called as `name()`. */
export interface MacroDefinition {
  readonly name: string
  readonly expr: string
}

/** Macros ready to be called by expressions. */
export interface Macros {
  readonly names: readonly string[]
  find(name: string): Expression | undefined
}

/** What is wrong with one definition, by its index in the list. */
export interface MacroMistake {
  readonly index: number
  /** In the name, or in the expression. */
  readonly part: 'name' | 'expr'
  readonly message: string
  readonly suggestion: string | undefined
}
