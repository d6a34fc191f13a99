import type { EndpointStacks, ProtocolStacks, Tap } from '../capture/index.ts'
import type { Heads } from '../exchanges/index.ts'
import { endpointOf } from '../outputs/index.ts'

/** The label by which a pod chooses the stack for its traffic. */
const POD_LABEL = 'tap.qpoint.io/stack'

/** Which stack sees an exchange: the part of the configuration that says so. */
export type Routes = Pick<Tap, 'stacks' | 'endpoints'>

/** What a route leads to: the name of a stack, or nothing. */
export interface Router {
  /**
   * Name of the stack for this exchange: what the label of its pod says, else the entry for its domain, else
   * the stack of its protocol. Undefined for none.
   */
  stackFor(heads: Heads): string | undefined
  /** False when no configuration but a pod's label leads to a stack. */
  readonly leadsAnywhere: boolean
}

/**
 * `isStack` knows the stacks there are; a pod that asks for another is told of by `onUnknown` and treated as
 * if it asked for none.
 */
export function openRouter(
  { stacks, endpoints }: Routes,
  isStack: (name: string) => boolean,
  onUnknown: (name: string) => void,
): Router {
  const exact = new Map<string, ProtocolStacks>()
  const below = new Map<string, ProtocolStacks>()
  for (const endpoint of endpoints) enter(endpoint)
  return {
    stackFor,
    leadsAnywhere: [stacks, ...endpoints.map((endpoint) => endpoint.stacks)].some(leadsSomewhere),
  }

  /** A domain may have an entry for each protocol; of two for the same one the later counts. */
  function enter({ domain, stacks: { http, grpc } }: EndpointStacks): void {
    const isWildcard = domain.startsWith('*.')
    const entries = isWildcard ? below : exact
    const name = isWildcard ? domain.slice(2) : domain
    const before = entries.get(name)
    entries.set(name, { http: http ?? before?.http, grpc: grpc ?? before?.grpc })
  }

  function stackFor(heads: Heads): string | undefined {
    const asked = heads.connection.process?.container?.facts?.pod?.labels[POD_LABEL]
    if (asked !== undefined) {
      if (isStack(asked)) return asked
      onUnknown(asked)
    }
    const isCall = heads.grpc !== undefined
    const own = endpoints.length === 0 ? undefined : ownChoice(endpointOf(heads), isCall)
    const name = own ?? choice(stacks, isCall)
    return name === '' ? undefined : name
  }

  /**
   * What the entry of the domain itself says, else the wildcard that names most of it. Entries that say
   * nothing of the protocol are passed over.
   */
  function ownChoice(domain: string, isCall: boolean): string | undefined {
    const found = choice(exact.get(domain), isCall)
    if (found !== undefined || below.size === 0) return found
    for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
      const entry = choice(below.get(domain.slice(dot + 1)), isCall)
      if (entry !== undefined) return entry
    }
    return undefined
  }
}

/** A call without a stack of its own goes where other exchanges go. */
function choice(stacks: ProtocolStacks | undefined, isCall: boolean): string | undefined {
  return isCall ? (stacks?.grpc ?? stacks?.http) : stacks?.http
}

function leadsSomewhere({ http, grpc }: ProtocolStacks): boolean {
  return Boolean(http) || Boolean(grpc)
}
