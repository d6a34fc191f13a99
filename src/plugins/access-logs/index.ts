import type { Exchange } from '../../exchanges/index.ts'
import { type Plugin, type PluginContext, pluginType } from '../plugin.ts'
import { consoleBox } from './console-box.ts'
import { consoleLine } from './console-line.ts'
import { createJsonLines } from './json.ts'
import { AccessLogsOptions } from './options.ts'

/** Prints every exchange on standard output. */
export const accessLogs = pluginType({
  type: 'access_logs',
  options: AccessLogsOptions,
  open: openAccessLogs,
})

export function openAccessLogs({ mode, format }: AccessLogsOptions, context: PluginContext): Plugin {
  if (mode === 'none') return { wantsBodies: false, exchange() {} }
  const wantsBodies = mode === 'full'
  const write = format === 'json' ? jsonWriter(mode) : consoleWriter(mode, context)
  return {
    wantsBodies,
    exchange(exchange) {
      context.emit({ kind: 'text', text: write(exchange) })
    },
  }
}

type Writer = (exchange: Exchange) => string
type PrintingMode = Exclude<AccessLogsOptions['mode'], 'none'>

function jsonWriter(mode: PrintingMode): Writer {
  const { summary, details } = createJsonLines()
  if (mode === 'summary') return summary
  return (exchange) => details(exchange, mode === 'full')
}

function consoleWriter(mode: PrintingMode, { terminal }: PluginContext): Writer {
  if (mode === 'summary') return (exchange) => consoleLine(exchange, terminal.colour)
  return (exchange) => consoleBox(exchange, terminal, mode === 'full')
}
