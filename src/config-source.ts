import type { Environment, Log } from './base/index.ts'
import { DEFAULT_CONFIG } from './config.ts'
import { openConfigDownload } from './config-download.ts'
import { type ConfigSource, openConfigFile, readConfigText } from './config-file.ts'

export interface ConfigSourceOptions {
  /** A file, a URL, `-` for standard input, or undefined for the built-in configuration. */
  readonly config: string | undefined
  readonly dataDir: string
  readonly environment: Environment
  readonly log: Log
}

/** Where the configuration of this run comes from, now and each time that it is read again. */
export function openConfigSource({ config, dataDir, environment, log }: ConfigSourceOptions): ConfigSource {
  if (config === undefined) {
    log.warn('no config file provided, using default config')
    return fixed(DEFAULT_CONFIG, 'built-in configuration')
  }
  if (config === '-') return fixed(readConfigText('-'), 'stdin')
  if (isUrl(config)) return openConfigDownload(config, { dataDir, environment, log })
  return openConfigFile(config, log)
}

function isUrl(config: string): boolean {
  return /^https?:\/\//i.test(config)
}

function fixed(text: string, name: string): ConfigSource {
  return { read: async () => ({ text, name }), watch: () => ({ close() {} }) }
}
