import { readFileSync } from 'node:fs'
import { describeFinding, type Environment, isMapping, type Log, OperatorError } from './base/index.ts'
import { loadConfig } from './config.ts'
import { openConfigSource } from './config-source.ts'
import { compileExpression, compileMacros, type Expression, type Macros } from './expressions/index.ts'
import { isRuleField, meantBy, storedFields } from './plugins/index.ts'

export interface EvaluateOptions {
  readonly expression: string
  /** A stored object, or `-` for standard input. */
  readonly exchangeFile: string
  /** Its macros may be called. */
  readonly config: string | undefined
  readonly dataDir: string
  readonly environment: Environment
  readonly log: Log
}

/** What is to be written, and the exit status. */
export interface Evaluation {
  /** The value, for standard output; empty when there is none. */
  readonly output: string
  /** For standard error. */
  readonly remarks: readonly string[]
  /** 0: an exchange like this matches the rule; 1: it does not; 2: there is a mistake. */
  readonly exitCode: 0 | 1 | 2
}

/** `qtap eval`: what an expression comes to for a stored exchange. Mistakes are values, never thrown. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  try {
    if (options.config === '-' && options.exchangeFile === '-') {
      throw new OperatorError('QTAP_USAGE', 'Standard input cannot be both.', 'Give one of them as a file.')
    }
    const macros = await readMacros(options)
    const fields = storedFields(readExchange(options.exchangeFile))
    const compiled = compileExpression(options.expression, macros)
    if (compiled.kind === 'mistake') return { output: '', remarks: [compiled.mistake.text], exitCode: 2 }
    const { expression } = compiled
    const outcome = expression.evaluate(fields)
    if (outcome.kind === 'problem') return { output: '', remarks: [outcome.message], exitCode: 2 }
    if (outcome.kind === 'value') {
      return { output: textOf(outcome.value), remarks: [], exitCode: expression.passes(fields) ? 0 : 1 }
    }
    const missing = `missing fields: ${outcome.fields.join(', ')}`
    return { output: '', remarks: [missing, ...unknownFields(expression, macros)], exitCode: 1 }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { output: '', remarks: [error.text], exitCode: 2 }
  }
}

async function readMacros(options: EvaluateOptions): Promise<Macros> {
  if (options.config === undefined) return compileMacros([]).macros
  const { text, name } = await openConfigSource(options).read()
  const loaded = loadConfig(text, name, options.environment)
  if (loaded.kind === 'loaded') return compileMacros(loaded.config.macros).macros
  const mistakes = loaded.errors.map(describeFinding).join('\n')
  throw new OperatorError('QTAP_CONFIG_REFUSED', mistakes, 'Correct the configuration, or leave it out.')
}

/** An object as a store keeps it, or the line that the store `stdout` writes of it. */
function readExchange(file: string): unknown {
  const document = parseJson(readBytes(file), file)
  const packed = isMapping(document) ? document['data_base64'] : undefined
  return typeof packed === 'string' ? parseJson(Buffer.from(packed, 'base64'), file) : document
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new OperatorError('QTAP_EXCHANGE', `reading exchange: ${why}.`, 'Give a stored object.')
  }
}

/** The message of the parser is left out: it quotes what it read. */
function parseJson(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    const message = `reading exchange: ${file} is no JSON document.`
    throw new OperatorError('QTAP_EXCHANGE', message, 'Give an object that was stored with `format: json`.')
  }
}

/** Text as it is, addresses as they are written, lists and the like as JSON. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return `${value}`
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (isMapping(value) && typeof value['text'] === 'string') return value['text']
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? ''
}

function unknownFields({ fieldNames }: Expression, macros: Macros): readonly string[] {
  return fieldNames
    .filter((name) => !isRuleField(name))
    .map((name) => {
      const meant = meantBy(name, macros)
      return `no exchange has a field "${name}"${meant === undefined ? '' : `, did you mean "${meant}"?`}`
    })
}
