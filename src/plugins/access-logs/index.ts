import type { Exchange, Progress } from '../../exchanges/index.ts'
import { type Plugin, type PluginContext, pluginType } from '../plugin.ts'
import { compileRules, type Rule, wantsBodiesBy } from '../rules.ts'
import { consoleBox } from './console-box.ts'
import { consoleLine, progressLine } from './console-line.ts'
import { createJsonLines } from './json.ts'
import { AccessLogsOptions } from './options.ts'
import { shownProgress } from './shown-progress.ts'

/** Prints every exchange on standard output, and a line for every 10 s that one is open. */
export const accessLogs = pluginType({
  type: 'access_logs',
  options: AccessLogsOptions,
  open: (options, context) => openAccessLogs(options, context),
})

type Mode = AccessLogsOptions['mode']
type PrintingMode = Exclude<Mode, 'none'>

interface ModeRule extends Rule {
  readonly mode: Mode
}

/** `type` is what the plugin is called. */
export function openAccessLogs(
  { mode, format, rules }: AccessLogsOptions,
  context: PluginContext,
  type = 'access_logs',
): Plugin {
  const { emit, shown } = context
  const stats = { ruleProblems: 0 }
  const compiled = compileRules<ModeRule>(rules, type, context, stats)
  const write = format === 'json' ? jsonWriter(context) : consoleWriter(context)
  return {
    stats,
    wantsBodies: wantsBodiesBy(compiled, (rule) => ((rule?.mode ?? mode) === 'full' ? 1 : 0)),
    exchange(exchange) {
      const chosen = compiled.first(exchange)?.mode ?? mode
      if (chosen !== 'none') emit({ kind: 'text', text: write.exchange(shown(exchange), chosen) })
    },
    progress(progress) {
      const chosen = compiled.firstSoFar(progress)?.mode ?? mode
      if (chosen !== 'none') emit({ kind: 'text', text: write.progress(shownProgress(progress, shown)) })
    },
  }
}

interface Writer {
  readonly exchange: (exchange: Exchange, mode: PrintingMode) => string
  readonly progress: (progress: Progress) => string
}

function jsonWriter({ clock }: PluginContext): Writer {
  const { summary, details, progress } = createJsonLines(clock)
  return {
    exchange: (exchange, mode) =>
      mode === 'summary' ? summary(exchange) : details(exchange, mode === 'full'),
    progress,
  }
}

function consoleWriter({ terminal }: PluginContext): Writer {
  return {
    exchange: (exchange, mode) =>
      mode === 'summary'
        ? consoleLine(exchange, terminal.colour)
        : consoleBox(exchange, terminal, mode === 'full'),
    progress: (progress) => progressLine(progress, terminal.colour),
  }
}
