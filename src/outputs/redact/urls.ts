import type { Request } from '../../exchanges/index.ts'
import type { ContentRedactor } from './content.ts'
import { apart, type Found, replaceInText, shifted, within } from './found.ts'
import { type TextSearch, URL_TEXT } from './text-search.ts'
import type { Tokens } from './tokens.ts'
import { percentDecoded } from './url-fields.ts'

type Located = Pick<Request, 'target' | 'url' | 'authority' | 'path'>

const NOTHING: readonly Found[] = []
/** Fields, escapes, or a user. */
const HOLDS_MORE = /[?#%@;]/
/** In front of a host (RFC 3986 §3.2.1), where there is no scheme in front of it. */
const USER_AND_PASSWORD = /^[^/?#@]*:[^/?#@]*(?=@)/

/**
 * Replaces what is to be replaced in a request's URL, and in the texts that it was made of. They are parts of
 * one another, so what is found in one of them is replaced in all.
 */
export class UrlRedactor {
  readonly #search: TextSearch
  readonly #content: ContentRedactor
  readonly #credentials: boolean

  constructor(search: TextSearch, content: ContentRedactor, credentials: boolean) {
    this.#search = search
    this.#content = content
    this.#credentials = credentials
  }

  /** Undefined where nothing is found. With `hostTokens` the whole authority is replaced. */
  redact(request: Located, isSuspect: boolean, hostTokens: Tokens | undefined): Located | undefined {
    const { target, url, authority, path } = request
    const shared = sharedLength(target, url)
    const isWhole = shared === target.length && !isSuspect
    // The URL holds the others, and only a pattern can find in them what it does not find there.
    const mayHold = isSuspect || HOLDS_MORE.test(url) || target.includes('@') || !isWhole
    if (!mayHold && hostTokens === undefined) return undefined
    const ofTarget = isWhole && !target.includes('@') ? NOTHING : this.#find(target, isSuspect)
    const ofAuthority =
      hostTokens !== undefined
        ? all(authority, hostTokens)
        : isSuspect || authority.includes('@')
          ? this.#find(authority, isSuspect)
          : NOTHING
    const ofPath = isSuspect ? this.#find(path, true) : NOTHING
    const hostAt = Math.max(0, url.indexOf('://') + 3)
    const pathAt = url.startsWith(path, hostAt + authority.length) ? hostAt + authority.length : -1
    const ofUrl = apart([
      ...this.#find(url, isSuspect),
      ...shifted(within(ofTarget, target.length - shared, target.length), url.length - shared),
      ...(url.startsWith(authority, hostAt) ? shifted(ofAuthority, hostAt) : []),
      ...(pathAt === -1 ? [] : shifted(ofPath, pathAt)),
    ])
    if (ofUrl.length === 0 && ofTarget.length === 0 && ofAuthority.length === 0 && ofPath.length === 0)
      return undefined
    const inTarget = shifted(within(ofUrl, url.length - shared, url.length), target.length - shared)
    const inAuthority = url.startsWith(authority, hostAt)
      ? within(ofUrl, hostAt, hostAt + authority.length)
      : []
    const inPath = pathAt === -1 ? [] : within(ofUrl, pathAt, pathAt + path.length)
    return {
      url: replaceInText(url, ofUrl),
      target: replaceInText(target, apart([...ofTarget, ...inTarget])),
      authority: replaceInText(authority, apart([...ofAuthority, ...inAuthority])),
      path: replaceInText(path, apart([...ofPath, ...inPath])),
    }
  }

  #find(text: string, withPatterns: boolean): readonly Found[] {
    if (text === '') return NOTHING
    const founds = [...this.#search.find(text, URL_TEXT, withPatterns)]
    const add = (from: number, to: number) => this.#search.add(founds, text, from, to, URL_TEXT, 'url')
    const question = text.indexOf('?')
    if (question !== -1)
      founds.push(
        ...this.#search.findFields(text, question + 1, URL_TEXT, (decoded) =>
          this.#content.isSuspect(decoded, false),
        ),
      )
    if (text.includes('%')) this.#findInSegments(question === -1 ? text : text.slice(0, question), add)
    if (this.#credentials && text.includes('@')) {
      const [user] = USER_AND_PASSWORD.exec(text) ?? []
      if (user !== undefined) add(0, user.length)
    }
    return apart(founds)
  }

  /** What a segment stands for may hold what the segment as it is written does not. */
  #findInSegments(text: string, add: (from: number, to: number) => void): void {
    for (let from = 0; from < text.length; ) {
      const slash = text.indexOf('/', from)
      const to = slash === -1 ? text.length : slash
      const segment = text.slice(from, to)
      if (segment.includes('%') && this.#content.isSuspect(percentDecoded(segment), false)) add(from, to)
      from = to + 1
    }
  }
}

function all(text: string, tokens: Tokens): readonly Found[] {
  if (text === '') return []
  return [{ from: 0, to: text.length, replacement: tokens(() => Buffer.from(text, 'latin1'), 'url') }]
}

/** How many characters two texts have in common at their ends. */
function sharedLength(one: string, other: string): number {
  if (other.endsWith(one)) return one.length
  const most = Math.min(one.length, other.length)
  let length = 0
  while (
    length < most &&
    one.charCodeAt(one.length - 1 - length) === other.charCodeAt(other.length - 1 - length)
  )
    length += 1
  return length
}
