import type { z } from 'zod'
import { SILENT_METER } from '../../src/base/index.ts'
import { compileMacros } from '../../src/expressions/index.ts'
import { NO_TAG_RULES, type Output } from '../../src/outputs/index.ts'
import type { PluginContext, PluginType } from '../../src/plugins/index.ts'

export const ERROR_MACRO = { name: 'is_error', expr: 'http.res.status >= 400 && http.res.status < 600' }

/** A plugin at work, with what it gave and what it told. `config` is what would stand in a file. */
export function openedPlugin<Schema extends z.ZodType>(
  type: PluginType<Schema>,
  config: unknown,
  changes: Partial<PluginContext> = {},
) {
  const outputs: Output[] = []
  const warnings: string[] = []
  const plugin = type.open(type.options.parse(config), {
    clock: { bootEpochMs: Date.UTC(2026, 0, 2) },
    terminal: { colour: false, columns: 80 },
    macros: compileMacros([]).macros,
    meter: SILENT_METER,
    tags: NO_TAG_RULES,
    shown: (exchange) => exchange,
    emit: (output) => outputs.push(output),
    warn: (message) => warnings.push(message),
    ...changes,
  })
  return { plugin, outputs, warnings, texts, artifacts, issues, requests }

  /** Lines on the terminal. */
  function texts(): readonly string[] {
    return outputs.flatMap((output) => (output.kind === 'text' ? output.text.split('\n') : []))
  }

  function artifacts() {
    return outputs.filter((output) => output.kind === 'artifact')
  }

  function issues() {
    return outputs.flatMap((output) => (output.kind === 'issue' ? [output.document] : []))
  }

  function requests() {
    return outputs.flatMap((output) => (output.kind === 'request' ? [output.document] : []))
  }
}
