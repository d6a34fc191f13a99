import { accessLogs } from './access-logs/index.ts'
import { debug } from './debug/index.ts'
import { detectErrors } from './detect-errors/index.ts'
import { httpCapture } from './http-capture/index.ts'
import { httpMetrics } from './http-metrics/index.ts'
import { reportUsage } from './report-usage/index.ts'

/** Every plugin by the word that names it in a stack. */
export const PLUGINS = {
  access_logs: accessLogs,
  debug,
  detect_errors: detectErrors,
  http_capture: httpCapture,
  http_metrics: httpMetrics,
  report_usage: reportUsage,
} as const
