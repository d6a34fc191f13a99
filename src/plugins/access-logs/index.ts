import type { Exchange, Progress } from '../../exchanges/index.ts'
import { type Plugin, type PluginContext, pluginType } from '../plugin.ts'
import { consoleBox } from './console-box.ts'
import { consoleLine, progressLine } from './console-line.ts'
import { createJsonLines } from './json.ts'
import { AccessLogsOptions } from './options.ts'

/** Prints every exchange on standard output, and a line for every 10 s that one is open. */
export const accessLogs = pluginType({
  type: 'access_logs',
  options: AccessLogsOptions,
  open: openAccessLogs,
})

export function openAccessLogs({ mode, format }: AccessLogsOptions, context: PluginContext): Plugin {
  if (mode === 'none') return { wantsBodies: false, exchange() {} }
  const wantsBodies = mode === 'full'
  const write = format === 'json' ? jsonWriter(mode, context) : consoleWriter(mode, context)
  return {
    wantsBodies,
    exchange(exchange) {
      context.emit({ kind: 'text', text: write.exchange(exchange) })
    },
    progress(progress) {
      context.emit({ kind: 'text', text: write.progress(progress) })
    },
  }
}

interface Writer {
  readonly exchange: (exchange: Exchange) => string
  readonly progress: (progress: Progress) => string
}
type PrintingMode = Exclude<AccessLogsOptions['mode'], 'none'>

function jsonWriter(mode: PrintingMode, { clock }: PluginContext): Writer {
  const { summary, details, progress } = createJsonLines(clock.bootEpochMs)
  if (mode === 'summary') return { exchange: summary, progress }
  return { exchange: (exchange) => details(exchange, mode === 'full'), progress }
}

function consoleWriter(mode: PrintingMode, { terminal }: PluginContext): Writer {
  const progress = (so: Progress) => progressLine(so, terminal.colour)
  if (mode === 'summary') return { exchange: (exchange) => consoleLine(exchange, terminal.colour), progress }
  return { exchange: (exchange) => consoleBox(exchange, terminal, mode === 'full'), progress }
}
