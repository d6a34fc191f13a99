import { readFileSync } from 'node:fs'
import { z } from 'zod'
import {
  type Components,
  createReview,
  describeFinding,
  type Environment,
  type Finding,
  nearest,
  OperatorError,
  type Review,
  readYaml,
} from './base/index.ts'
import { readTap, TAP_NOT_BUILT, type Tap } from './capture/index.ts'
import { PLUGINS, readStacks, STACKS_NOT_BUILT, type Stacks } from './plugins/index.ts'
import {
  EVENT_STORES,
  OBJECT_STORES,
  readServices,
  SERVICES_NOT_BUILT,
  type Services,
} from './stores/index.ts'

/** The configuration of an agent: plain data, every default applied. */
export interface Config {
  readonly tap: Tap
  readonly stacks: Stacks
  readonly services: Services
}

/** A configuration that can be used, or every mistake of the file. Both in the order of the file. */
export type LoadedConfig =
  | { readonly kind: 'loaded'; readonly config: Config; readonly warnings: readonly Finding[] }
  | { readonly kind: 'refused'; readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] }

/** The plugins and stores a configuration may name. */
export interface ComponentTables {
  readonly plugins: Components
  readonly eventStores: Components
  readonly objectStores: Components
}

/** What runs when no file is given: one line on the terminal for each HTTP exchange. */
export const DEFAULT_CONFIG = `version: 2
stacks:
  basic:
    plugins:
      - type: access_logs
        config:
          mode: summary
          format: console
tap:
  direction: all
  ignore_loopback: false
  http:
    stack: basic
  filters:
    groups:
      - qpoint
`

/** Deleting a line is all that this file takes when such a part is built. */
const FILE_NOT_BUILT = [{ path: 'control' }, { path: 'tags' }]

const NOT_BUILT = [...FILE_NOT_BUILT, ...SERVICES_NOT_BUILT, ...STACKS_NOT_BUILT, ...TAP_NOT_BUILT]

const BUILT_IN: ComponentTables = { plugins: PLUGINS, eventStores: EVENT_STORES, objectStores: OBJECT_STORES }

/** The sections of the file; the folders that own them read them. */
const FileOptions = z.object({
  version: z.unknown().optional(),
  rulekit: z.looseObject({}).optional(),
  services: z.unknown().optional(),
  stacks: z.unknown().optional(),
  tap: z.unknown().optional(),
})

/**
 * Reads the text of a configuration file, YAML, whole. Value sources of type `env` are looked up in
 * `environment`. Mistakes are values: nothing throws on what stands in the file.
 */
export function loadConfig(
  text: string,
  fileName: string,
  environment: Environment,
  components: ComponentTables = BUILT_IN,
): LoadedConfig {
  const file = readYaml(text, fileName)
  const review = createReview(file, environment, NOT_BUILT)
  const config = file.errors.length === 0 ? readSections(review, components) : undefined
  const findings = review.findings()
  const errors = findings.filter(isError)
  const warnings = findings.filter((finding) => !isError(finding))
  if (config === undefined || errors.length > 0) return { kind: 'refused', errors, warnings }
  return { kind: 'loaded', config, warnings }
}

/**
 * What `qtap validate` says about a file, one finding a line. Stricter than running: a key nobody reads is an
 * error.
 */
export function validateConfig(
  text: string,
  fileName: string,
  environment: Environment,
): { readonly valid: boolean; readonly lines: readonly string[] } {
  const loaded = loadConfig(text, fileName, environment)
  const findings = [...(loaded.kind === 'refused' ? loaded.errors : []), ...loaded.warnings]
  const valid = !findings.some((finding) => isError(finding) || finding.kind === 'unknown_key')
  const lines = findings.map((finding) => validationPrefix(finding) + describeFinding(finding))
  return { valid, lines: valid ? [...lines, 'Config is valid.'] : lines }
}

/** The text of a file, or of standard input for `-`. Throws an `OperatorError` when it cannot be read. */
export function readConfigText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const action = file === '-' ? 'reading stdin' : 'reading config file'
    const why = error instanceof Error ? error.message : String(error)
    throw new OperatorError(
      'QTAP_CONFIG_UNREADABLE',
      `${action}: ${why}.`,
      'Give a file that exists, or - for standard input.',
    )
  }
}

function readSections(review: Review, components: ComponentTables): Config | undefined {
  const file = review.read(FileOptions.prefault({}), review.value ?? {}, [])
  if (file === undefined) return undefined
  const services = readServices(file.services, components, review)
  const stacks = readStacks(file.stacks, components.plugins, review)
  const tap = readTap(file.tap, review)
  if (tap === undefined) return undefined
  if (tap.httpStack !== undefined && !Object.hasOwn(stacks, tap.httpStack)) {
    const suggestion = nearest(tap.httpStack, Object.keys(stacks))
    review.advise(['tap', 'http', 'stack'], `there is no stack "${tap.httpStack}"`, suggestion)
  }
  return { tap, stacks, services }
}

function isError(finding: Finding): boolean {
  return finding.kind === 'invalid' || finding.kind === 'syntax'
}

function validationPrefix(finding: Finding): string {
  if (finding.kind === 'syntax') return 'parsing config: '
  return isError(finding) || finding.kind === 'unknown_key' ? 'validating config: ' : 'warning: '
}
