import { accessLogs } from './access-logs/index.ts'
import { debug } from './debug/index.ts'
import { httpCapture } from './http-capture/index.ts'

/** Every plugin by the word that names it in a stack. */
export const PLUGINS = {
  access_logs: accessLogs,
  debug,
  http_capture: httpCapture,
} as const
