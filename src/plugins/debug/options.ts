import { accessLogsOptions } from '../access-logs/options.ts'

export const DebugOptions = accessLogsOptions('console')
