import { z } from 'zod'
import {
  type Components,
  createReview,
  describeFinding,
  type Environment,
  excerptOf,
  type Finding,
  isMapping,
  nearest,
  type Path,
  type Review,
  readYaml,
} from './base/index.ts'
import { OWN_VARIABLES, type ProtocolStacks, readTap, type Tap, type TapSection } from './capture/index.ts'
import { ControlOptions, FileOptions, RulekitOptions, TagOptions } from './config-options.ts'
import type { MacroDefinition } from './expressions/index.ts'
import type { TagRule } from './outputs/index.ts'
import {
  type ExpressionCheck,
  openExpressionCheck,
  PLUGINS,
  readStacks,
  type Stacks,
} from './plugins/index.ts'
import { EVENT_STORES, OBJECT_STORES, objectStoreIds, readServices, type Services } from './stores/index.ts'

/** The configuration of an agent: plain data, every default applied. */
export interface Config {
  readonly tap: Tap
  readonly stacks: Stacks
  readonly services: Services
  readonly macros: readonly MacroDefinition[]
  readonly tags: readonly TagRule[]
}

/** Names of variables that tags are made of. */
export function environmentNames({ tags }: Pick<Config, 'tags'>): readonly string[] {
  return tags.flatMap(({ source, location }) => (source === 'env' ? [location] : []))
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

const BUILT_IN: ComponentTables = { plugins: PLUGINS, eventStores: EVENT_STORES, objectStores: OBJECT_STORES }

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
  const review = createReview(file, environment)
  const config = file.errors.length === 0 ? readSections(review, components) : undefined
  const findings = review.findings()
  const errors = findings.filter(isError)
  const warnings = findings.filter((finding) => !isError(finding))
  if (config === undefined || errors.length > 0) return { kind: 'refused', errors, warnings }
  return { kind: 'loaded', config, warnings }
}

/**
 * What `qtap validate` says about a file: one finding a line, and below it what it is about. Stricter than
 * running: what nobody reads, or cannot work, is an error.
 */
export function validateConfig(
  text: string,
  fileName: string,
  environment: Environment,
): { readonly valid: boolean; readonly lines: readonly string[] } {
  const loaded = loadConfig(text, fileName, environment)
  const findings = [...(loaded.kind === 'refused' ? loaded.errors : []), ...loaded.warnings].toSorted(
    (one, other) => one.line - other.line || one.column - other.column,
  )
  const valid = findings.every((finding) => ACCEPTED.has(finding.kind))
  const lines = findings.flatMap((finding) => [
    validationPrefix(finding) + describeFinding(finding),
    ...excerptOf(finding).map((line) => `    ${line}`),
  ])
  return { valid, lines: valid ? [...lines, 'Config is valid.'] : lines }
}

/** Each section is read, whatever was wrong with another, so that all mistakes are told at once. */
function readSections(review: Review, components: ComponentTables): Config | undefined {
  const file = review.read(FileOptions.prefault({}), review.value ?? {}, [])
  if (file === undefined) return undefined
  const rulekit = review.read(RulekitOptions.prefault({}), file.rulekit, ['rulekit'])
  const macros = rulekit?.macros ?? []
  const unread = rulekit === undefined ? macroNames(file.rulekit) : []
  const section = readTap(file.tap, review)
  const named = review.read(z.array(TagOptions).default([]), file.tags, ['tags']) ?? []
  const tags = [...named, ...(section === undefined ? [] : olderTags(section))]
  const variables = [...OWN_VARIABLES, ...environmentNames({ tags })]
  const checkExpression = openExpressionCheck(macros, ['rulekit', 'macros'], review, { unread, variables })
  const services = readServices(file.services, components, review)
  const objectStores = objectStoreIds(file.services)
  const { plugins } = components
  const stacks = readStacks(file.stacks, { plugins, objectStores, checkExpression }, review)
  readControl(file.control, checkExpression, review)
  if (section === undefined) return undefined
  checkStackNames(section.tap, Object.keys(stacks), review)
  return { tap: section.tap, stacks, services, macros, tags }
}

/** Of macros that could not be read. */
function macroNames(rulekit: unknown): readonly string[] {
  const macros = isMapping(rulekit) ? rulekit['macros'] : undefined
  if (!Array.isArray(macros)) return []
  return macros.flatMap((macro: unknown) =>
    isMapping(macro) && typeof macro['name'] === 'string' ? [macro['name']] : [],
  )
}

/** Access control is not built: what stands there is checked, and told as ignored. */
function readControl(value: unknown, checkExpression: ExpressionCheck, review: Review): void {
  const path = ['control']
  const control = review.read(ControlOptions.prefault({}), value, path)
  for (const [index, { expr }] of (control?.rules ?? []).entries()) {
    checkExpression(expr, [...path, 'rules', index, 'expr'])
  }
  review.ignore(value, path)
}

function olderTags({ envTags }: TapSection): readonly TagRule[] {
  return envTags.map(({ env, key }) => ({ key, source: 'env', location: env }))
}

function checkStackNames({ stacks, endpoints }: Tap, known: readonly string[], review: Review): void {
  check(stacks, ['tap'])
  for (const [index, endpoint] of endpoints.entries()) check(endpoint.stacks, ['tap', 'endpoints', index])

  function check(chosen: ProtocolStacks, path: Path): void {
    for (const protocol of ['http', 'grpc'] as const) {
      const name = chosen[protocol] ?? ''
      if (name === '' || known.includes(name)) continue
      const message = `there is no stack "${name}"`
      review.warn([...path, protocol, 'stack'], { message, suggestion: nearest(name, known) })
    }
  }
}

/** What a file may have and be valid. */
const ACCEPTED: ReadonlySet<Finding['kind']> = new Set(['advice', 'not_built'])

function isError(finding: Finding): boolean {
  return finding.kind === 'invalid' || finding.kind === 'syntax'
}

function validationPrefix({ kind }: Finding): string {
  if (kind === 'syntax') return 'parsing config: '
  return ACCEPTED.has(kind) ? 'warning: ' : 'validating config: '
}
