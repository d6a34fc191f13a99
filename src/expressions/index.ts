export { readIpAddress } from './address.ts'
export { compileExpression } from './compile.ts'
export type {
  Address,
  Compiled,
  Expression,
  Fields,
  FieldValue,
  IpAddress,
  IpNetwork,
  MacAddress,
  MacroDefinition,
  MacroMistake,
  Macros,
  Outcome,
  SyntaxMistake,
  UnknownFunction,
} from './expression.ts'
export { compileMacros, NO_MACROS } from './macros.ts'
