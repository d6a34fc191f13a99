/** Decides by its name whether a field's value is redacted. */
export type NameTest = (name: string) => boolean

const NEVER: NameTest = () => false

/** Header fields that carry credentials, of the standards and of those who run much of the web. */
const CREDENTIAL_HEADERS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'cookie2',
  'set-cookie',
  'set-cookie2',
  'authentication-info',
  'proxy-authentication-info',
  '*-authorization',
  '*api-key*',
  '*apikey*',
  '*api-token*',
  '*api-secret*',
  '*access-key*',
  '*access-token*',
  '*auth-token*',
  '*auth-key*',
  '*security-token*',
  '*session-token*',
  '*session-id*',
  '*refresh-token*',
  '*id-token*',
  '*client-secret*',
  '*csrf-token*',
  '*xsrf-token*',
  '*jwt-assertion*',
  '*-password',
  '*-secret',
  '*-secret-key',
  '*subscription-key',
  '*functions-key',
  '*master-key',
  'private-token',
  'job-token',
  'x-token',
  'x-session',
  'x-goog-iap-jwt-assertion',
  'x-amzn-oidc-data',
  'x-amzn-oidc-accesstoken',
  'x-vault-token',
  'x-consul-token',
  'x-github-token',
  'x-gitlab-token',
  'x-shopify-access-token',
  'dd-api-key',
]

/** Names in forms, URLs and JSON, in lower case and without what joins words. */
const CREDENTIAL_NAMES: ReadonlySet<string> = new Set([
  'pass',
  'pwd',
  'passcode',
  'pin',
  'otp',
  'totp',
  'mfacode',
  'secret',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'authtoken',
  'authenticationtoken',
  'bearertoken',
  'securitytoken',
  'csrftoken',
  'xsrftoken',
  'csrfmiddlewaretoken',
  'apitoken',
  'devicetoken',
  'bottoken',
  'personalaccesstoken',
  'oauthtoken',
  'oauthtokensecret',
  'session',
  'sessionid',
  'sessid',
  'phpsessid',
  'jsessionid',
  'sid',
  'sessionkey',
  'sessiontoken',
  'cookie',
  'cookies',
  'setcookie',
  'authorization',
  'proxyauthorization',
  'xapikey',
  'xauthtoken',
  'auth',
  'jwt',
  'assertion',
  'clientassertion',
  'samlresponse',
  'codeverifier',
  'credential',
  'credentials',
  'connectionstring',
  'encryptionkey',
  'signingkey',
  'sharedkey',
  'subscriptionkey',
  'accountkey',
  'sig',
  'signature',
  'xamzsignature',
  'xamzsecuritytoken',
  'xamzcredential',
  'xgoogsignature',
  'xgoogcredential',
])
/** A name may end in one of these: `db_password`, `awsSecretAccessKey`. */
const CREDENTIAL_ENDINGS = new RegExp(
  `(?:${[
    'passwords?|passwd|passphrase|secrets?|apikeys?|privatekey|secretkey|accesskey|accesskeyid',
    'accesstoken|refreshtoken|sessiontoken|authtoken',
  ].join('|')})$`,
)
const NAME_CHARACTERS_MAX = 256

/** True for what the credentials preset takes for a secret's name in a form, a URL or JSON. */
export function namesCredential(name: string): boolean {
  if (name.length > NAME_CHARACTERS_MAX) return false
  const plain = name.toLowerCase().replace(/[-_\s]/g, '')
  if (isCredential(plain)) return true
  // `user[password]`, `auth.token`
  return /[.[\]/:]/.test(plain) && plain.split(/[.[\]/:]/).some(isCredential)
}

function isCredential(plain: string): boolean {
  return CREDENTIAL_NAMES.has(plain) || CREDENTIAL_ENDINGS.test(plain)
}

export function headerNames(names: readonly string[], credentials: boolean): NameTest {
  return anyOf(credentials ? [...names, ...CREDENTIAL_HEADERS] : names)
}

export function fieldNames(names: readonly string[], credentials: boolean): NameTest {
  const named = anyOf(names)
  if (!credentials) return named
  return names.length === 0 ? namesCredential : (name) => named(name) || namesCredential(name)
}

/** Any case; `*` stands for any characters. */
function anyOf(names: readonly string[]): NameTest {
  if (names.length === 0) return NEVER
  const plain = new Set(names.filter((name) => !name.includes('*')).map((name) => name.toLowerCase()))
  const wild = names.filter((name) => name.includes('*')).map((name) => name.toLowerCase().split(/\*+/))
  return (name) => {
    const lower = name.toLowerCase()
    return plain.has(lower) || wild.some((parts) => fits(lower, parts))
  }
}

/** Whether a name consists of the parts with anything between them. Takes each as early as it can. */
function fits(name: string, parts: readonly string[]): boolean {
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return name.length - last.length >= at && name.endsWith(last)
}

/**
 * Remembers what a test said of the names that real traffic repeats. The first 1,024 of at most 64 characters
 * are kept.
 */
export function remembering(test: NameTest): NameTest {
  const known = new Map<string, boolean>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const says = test(name)
    if (known.size < REMEMBERED_MAX && name.length <= REMEMBERED_CHARACTERS_MAX) known.set(name, says)
    return says
  }
}

const REMEMBERED_MAX = 1024
const REMEMBERED_CHARACTERS_MAX = 64
