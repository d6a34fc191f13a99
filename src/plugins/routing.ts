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

  function enter({ domain, stacks: own }: EndpointStacks): void {
    if (domain.startsWith('*.')) below.set(domain.slice(2), own)
    else exact.set(domain, own)
  }

  function stackFor(heads: Heads): string | undefined {
    const asked = heads.connection.process?.container?.facts?.pod?.labels[POD_LABEL]
    if (asked !== undefined) {
      if (isStack(asked)) return asked
      onUnknown(asked)
    }
    const isCall = heads.grpc !== undefined
    const own = endpoints.length === 0 ? undefined : entryFor(endpointOf(heads))
    const name = (own && choice(own, isCall)) ?? choice(stacks, isCall)
    return name === '' ? undefined : name
  }

  /** The entry of the domain itself, else the wildcard that names most of it. */
  function entryFor(domain: string): ProtocolStacks | undefined {
    const found = exact.get(domain)
    if (found !== undefined || below.size === 0) return found
    for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
      const entry = below.get(domain.slice(dot + 1))
      if (entry !== undefined) return entry
    }
    return undefined
  }
}

/** A call without a stack of its own goes where other exchanges go. */
function choice({ http, grpc }: ProtocolStacks, isCall: boolean): string | undefined {
  return isCall ? (grpc ?? http) : http
}

function leadsSomewhere({ http, grpc }: ProtocolStacks): boolean {
  return Boolean(http) || Boolean(grpc)
}
