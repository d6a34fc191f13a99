import { pluginType } from '../plugin.ts'
import { HttpMetricsOptions } from './options.ts'

/** Accepted so that existing files load; it counts nothing. */
export const httpMetrics = pluginType({
  type: 'http_metrics',
  options: HttpMetricsOptions,
  open: () => ({ wantsBodies: false, exchange() {} }),
})
