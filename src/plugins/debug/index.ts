import { openAccessLogs } from '../access-logs/index.ts'
import { pluginType } from '../plugin.ts'
import { DebugOptions } from './options.ts'

/** `access_logs` for people: the same plugin with console lines as its default format. */
export const debug = pluginType({
  type: 'debug',
  options: DebugOptions,
  open: (options, context) => openAccessLogs(options, context, 'debug'),
})
