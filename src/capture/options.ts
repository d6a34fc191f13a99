import { z } from 'zod'
import { linearRegex, nearest, type Path, type Review } from '../base/index.ts'
import { SKIP } from './events.ts'

/** Which connections are followed; egress is what this host opens, external what is not a private address. */
export type CapturedDirection = 'all' | 'egress' | 'egress-external' | 'egress-internal' | 'ingress'

/** Groups of programs whose traffic is left alone. `qpoint` is this agent itself. */
export type FilterGroup = 'container-runtimes' | 'eks' | 'gke' | 'kubernetes' | 'qpoint'

/** Leaves programs alone whose executable's path matches. Only `regex` minds letter case. */
export interface ExeFilter {
  readonly exe: string
  readonly strategy: 'contains' | 'exact' | 'prefix' | 'regex' | 'suffix'
  /** Bits of `SKIP`: what is left out. */
  readonly skips: number
}

/** Names of stacks by protocol: undefined where none is given, empty where none is wanted. */
export interface ProtocolStacks {
  readonly http: string | undefined
  /** Calls of gRPC; those without a stack of their own go to that of `http`. */
  readonly grpc: string | undefined
}

/** What is done with exchanges of one domain. */
export interface EndpointStacks {
  /** Lower case; `*.example.com` stands for every name below it. */
  readonly domain: string
  readonly stacks: ProtocolStacks
}

export interface Tap {
  readonly direction: CapturedDirection
  readonly ignoreLoopback: boolean
  readonly auditIncludeDns: boolean
  readonly stacks: ProtocolStacks
  readonly endpoints: readonly EndpointStacks[]
  readonly filters: { readonly groups: readonly FilterGroup[]; readonly custom: readonly ExeFilter[] }
}

const GROUPS: Readonly<Record<string, FilterGroup>> = {
  container: 'container-runtimes',
  'container-runtimes': 'container-runtimes',
  eks: 'eks',
  gke: 'gke',
  kubernetes: 'kubernetes',
  qpoint: 'qpoint',
}

const ExeFilterOptions = z.object({
  exe: z
    .string()
    .min(1, 'expected a path or a part of one')
    .describe("Compared with the path of a program's executable."),
  strategy: z
    .enum(['exact', 'prefix', 'suffix', 'contains', 'regex', ''])
    .default('suffix')
    .transform((strategy) => (strategy === '' ? 'suffix' : strategy))
    .describe('How to compare; all but `regex` ignore letter case. Empty means `suffix`.'),
  only: z
    .array(z.enum(['data', 'dns', 'tls', 'http']))
    .default([])
    .describe(
      'What is left alone: bytes of connections, DNS, TLS, or HTTP exchanges. Everything when it is empty.',
    ),
})

const StackChoice = z.object({
  stack: z.string().default('').describe('Name of a stack; empty or `none` for no stack.'),
})

const HTTP = StackChoice.optional().describe('What sees HTTP exchanges.')
const GRPC = StackChoice.optional().describe('What sees calls of gRPC; the stack of `http` when not given.')

/** Protocols that have documented keys but no decoder in this version. */
const NOT_BUILT = ['redis', 'mysql', 'kafka', 'postgres'] as const

const NOT_BUILT_STACKS = {
  redis: StackChoice.optional().describe('Not built yet, and ignored.'),
  mysql: StackChoice.optional().describe('Not built yet, and ignored.'),
  kafka: StackChoice.optional().describe('Not built yet, and ignored.'),
  postgres: StackChoice.optional().describe('Not built yet, and ignored.'),
} satisfies Record<(typeof NOT_BUILT)[number], z.ZodType>

/** A host name of at most 253 characters, its labels of at most 63, perhaps below a star. */
const DOMAIN =
  /^(?=.{1,253}$)(\*\.)?([a-zA-Z\d_]([\w-]{0,61}[a-zA-Z\d_])?\.)*[a-zA-Z\d_]([\w-]{0,61}[a-zA-Z\d_])?\.?$/

const EndpointOptions = z.object({
  domain: z
    .string()
    .regex(DOMAIN, 'expected a host name such as api.example.com, or *.example.com')
    .transform((domain) => domain.toLowerCase().replace(/\.$/, ''))
    .describe('Name of the other end, exactly, or `*.example.com` for every name below it.'),
  http: HTTP,
  grpc: GRPC,
  ...NOT_BUILT_STACKS,
})

/** The `tap` section: what is captured. */
export const TapOptions = z.object({
  direction: z
    .enum(['all', 'egress', 'egress-external', 'egress-internal', 'ingress', ''])
    .default('all')
    .transform((direction) => (direction === '' ? 'all' : direction))
    .describe('Connections to follow: opened by this host (egress), accepted (ingress), or both.'),
  ignore_loopback: z.boolean().default(false).describe('Leave connections within this host alone.'),
  audit_include_dns: z.boolean().default(false).describe('Report DNS look-ups as connections too.'),
  http: HTTP,
  grpc: GRPC,
  ...NOT_BUILT_STACKS,
  endpoints: z
    .array(EndpointOptions)
    .default([])
    .describe(
      'Other stacks for particular domains, each for the protocols that it names; an exact name wins over ' +
        '`*.`, and the longest `*.` wins.',
    ),
  filters: z
    .object({
      groups: z
        .array(z.string().meta({ enum: Object.keys(GROUPS) }))
        .default([])
        .describe('Groups of programs whose traffic is left alone; `qpoint` is this agent itself.'),
      custom: z
        .array(ExeFilterOptions)
        .default([])
        .describe('Programs whose traffic is left alone; the first that matches decides.'),
    })
    .prefault({})
    .describe('Programs whose traffic is left alone.'),
  env_tags: z
    .array(
      z.object({
        env: z.string().min(1, 'expected the name of a variable').describe('Name of the variable.'),
        key: z.string().min(1, 'expected a key').describe('Key of the tag.'),
      }),
    )
    .default([])
    .describe('The older form of `tags` with the source `env`.'),
})

/** What stands in the `tap` section. */
export interface TapSection {
  readonly tap: Tap
  /** Tags whose value is a variable of a process's environment. */
  readonly envTags: readonly { readonly env: string; readonly key: string }[]
}

/**
 * Reads the `tap` section; undefined after a mistake. A filter that cannot work is left out with a warning.
 */
export function readTap(value: unknown, review: Review): TapSection | undefined {
  const path: Path = ['tap']
  const tap = review.read(TapOptions.prefault({}), value, path)
  if (tap === undefined) return undefined
  tellRepeated(tap.endpoints)
  return {
    tap: {
      direction: tap.direction,
      ignoreLoopback: tap.ignore_loopback,
      auditIncludeDns: tap.audit_include_dns,
      stacks: readStackChoices(tap, path),
      endpoints: tap.endpoints.map((endpoint, index) => ({
        domain: endpoint.domain,
        stacks: readStackChoices(endpoint, [...path, 'endpoints', index]),
      })),
      filters: {
        groups: tap.filters.groups.flatMap((group, index) => readGroup(group, index)),
        custom: tap.filters.custom.flatMap((filter, index) => readFilter(filter, index)),
      },
    },
    envTags: tap.env_tags,
  }

  function readStackChoices(choices: StackChoices, at: Path): ProtocolStacks {
    for (const protocol of NOT_BUILT) {
      const name = nameOf(choices[protocol])
      if (name !== undefined) review.ignore(name, [...at, protocol])
    }
    return { http: nameOf(choices.http), grpc: nameOf(choices.grpc) }
  }

  function tellRepeated(endpoints: readonly z.output<typeof EndpointOptions>[]): void {
    for (const [index, endpoint] of endpoints.entries()) {
      const before = endpoints.slice(0, index).filter(({ domain }) => domain === endpoint.domain)
      for (const protocol of ['http', 'grpc'] as const) {
        if (endpoint[protocol] === undefined || before.every((one) => one[protocol] === undefined)) continue
        const message = `an entry above is for ${protocol} of ${endpoint.domain} too: this one replaces it`
        review.advise([...path, 'endpoints', index, protocol], message)
      }
    }
  }

  function readGroup(name: string, index: number): FilterGroup[] {
    const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined
    if (group !== undefined) return [group]
    review.warn([...path, 'filters', 'groups', index], {
      message: `there is no group "${name}"`,
      suggestion: nearest(name, Object.keys(GROUPS)),
    })
    return []
  }

  function readFilter(
    { exe, strategy, only }: z.output<typeof ExeFilterOptions>,
    index: number,
  ): ExeFilter[] {
    const skips = only.length === 0 ? SKIP.all : only.reduce((bits, part) => bits | SKIP[part], 0)
    const filter = { exe, strategy, skips }
    const compiled = strategy === 'regex' ? linearRegex(exe) : undefined
    if (compiled?.kind !== 'mistake') return [filter]
    const message = `invalid filter; not loading: ${compiled.message}`
    review.warn([...path, 'filters', 'custom', index, 'exe'], message)
    return []
  }
}

type StackChoices = Pick<z.output<typeof TapOptions>, 'http' | 'grpc' | (typeof NOT_BUILT)[number]>

/** Undefined where nothing is said; empty where no stack is wanted. */
function nameOf(choice: { readonly stack: string } | undefined): string | undefined {
  return choice?.stack === 'none' ? '' : choice?.stack
}

/**
 * Tells whether an executable's path matches the filter. Undefined when its regular expression is none;
 * flags in front, such as `(?i)`, and groups named `(?P<name>…)` are understood as Go does.
 */
export function matcherOf(filter: ExeFilter): ((exe: string) => boolean) | undefined {
  const wanted = filter.exe.toLowerCase()
  switch (filter.strategy) {
    case 'exact':
      return (exe) => exe.toLowerCase() === wanted
    case 'prefix':
      return (exe) => exe.toLowerCase().startsWith(wanted)
    case 'suffix':
      return (exe) => exe.toLowerCase().endsWith(wanted)
    case 'contains':
      return (exe) => exe.toLowerCase().includes(wanted)
    case 'regex':
      return regexMatcher(filter.exe)
    default:
      return filter.strategy satisfies never
  }
}

function regexMatcher(source: string): ((exe: string) => boolean) | undefined {
  const compiled = linearRegex(source)
  return compiled.kind === 'regex' ? compiled.test : undefined
}
