/** A form by which a credential is known wherever it stands. */
export interface CredentialForm {
  /** Linear in the length of the text. Its first group is what is replaced, where it has one. */
  readonly pattern: RegExp
  /** Texts without all of these hold none; compared in lower case for `anyCase`. */
  readonly hints: readonly string[]
  readonly anyCase?: true
}

/**
 * Published forms of tokens and keys. Each begins with letters of its own, and no repetition begins again
 * inside of itself, so that a search takes a time that grows with the text alone.
 */
export const CREDENTIAL_FORMS: readonly CredentialForm[] = [
  // RFC 6750 §2.1.
  { pattern: /\bbearer(?:[ \t]{1,4}|%20|\+)([\w\-.~+/]{8,}=*)/gi, hints: ['bearer'], anyCase: true },
  // RFC 7519: the second branch steps over letters that turn out to be no token.
  { pattern: /(eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*){0,3})|eyJ[\w-]*()/g, hints: ['eyJ'] },
  { pattern: /(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}/g, hints: ['AKIA', 'ASIA', 'ABIA', 'ACCA'] },
  { pattern: /gh[oprsu]_[A-Za-z0-9]{16,}/g, hints: ['gho_', 'ghp_', 'ghr_', 'ghs_', 'ghu_'] },
  { pattern: /github_pat_\w{16,}/g, hints: ['github_pat_'] },
  { pattern: /gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w-]{16,}/g, hints: ['gl'] },
  { pattern: /(?:xox[abeoprs]|xapp)-[\w-]{8,}/g, hints: ['xox', 'xapp-'] },
  { pattern: /hooks\.slack\.com\/services\/([\w/]+)/g, hints: ['hooks.slack.com'] },
  { pattern: /(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}/g, hints: ['k_live_', 'k_test_'] },
  { pattern: /whsec_\w{16,}/g, hints: ['whsec_'] },
  { pattern: /sk-[\w-]{20,}/g, hints: ['sk-'] },
  { pattern: /AIza[\w-]{30,}/g, hints: ['AIza'] },
  { pattern: /ya29\.[\w-]{10,}/g, hints: ['ya29.'] },
  { pattern: /GOCSPX-[\w-]{20,}/g, hints: ['GOCSPX-'] },
  { pattern: /SG\.[\w-]{16,64}\.[\w-]{16,}/g, hints: ['SG.'] },
  { pattern: /npm_[A-Za-z0-9]{30,}/g, hints: ['npm_'] },
  { pattern: /hv[bs]\.[\w-]{20,}/g, hints: ['hvs.', 'hvb.'] },
  // RFC 7468; `\n` may be written as JSON does.
  {
    pattern: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----([\s\S]*?)(?:-----END|$)/g,
    hints: ['PRIVATE KEY'],
  },
  // RFC 3986 §3.2.1; slashes may be written as JSON does.
  { pattern: /:(?:\\?\/){2}([^\s/?#@"'<>\\:]{0,256}:[^\s/?#"'<>\\]{1,512})@/g, hints: ['://', ':\\/\\/'] },
]

/** With these a credential begins. What stands behind one at a cut may be the beginning of a credential. */
const BEGINNINGS = new RegExp(
  [
    'bearer(?:[ \\t]{1,4}|%20|\\+)|eyJ|AKIA|ASIA|ABIA|ACCA|gh[oprsu]_|github_pat_|gl[a-z]{2,5}-|xox|xapp-',
    'hooks\\.slack\\.com\\/|[rsp]k_(?:live|test)_|whsec_|sk-|AIza|ya29\\.|GOCSPX-|SG\\.|npm_|hv[bs]\\.',
    ':(?:\\\\?\\/){2}',
  ].join('|'),
  'i',
)
/** No credential is longer without being one by its form already. */
const LAST_TOKEN_CHARACTERS_MAX = 16 * 1024

/** Where at the end of a text that was cut a credential may begin; its length when nowhere. */
export function unfinishedCredential(text: string): number {
  let from = text.length
  const least = Math.max(0, text.length - LAST_TOKEN_CHARACTERS_MAX)
  while (from > least && isOfToken(text.charCodeAt(from - 1))) from -= 1
  // The scheme stands in front of the space.
  const match = BEGINNINGS.exec(text.slice(Math.max(0, from - 16)))
  return match === null ? text.length : Math.max(0, from - 16) + match.index
}

/** Not white space, nor what ends a URL or a text in JSON, HTML and forms. */
function isOfToken(code: number): boolean {
  return code > 0x20 && code !== 0x22 && code !== 0x27 && code !== 0x3c && code !== 0x3e && code !== 0x26
}
