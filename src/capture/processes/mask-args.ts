const MASK = '***'
/** From here on what stands before `@` in a URL is more likely a token than a name. */
const TOKEN_CHARACTERS_MIN = 20

const PARTS_OF_SECRET_NAMES =
  /passw(?:or)?d|passphrase|passcode|secret|token(?!s|iz)|credential|(?:api|access|private)[-_.]?key/i
const SECRET_WORDS = /(?:^|[-_.])(?:pass|pwd|auth|authorization|cookie|pat|signature|sig)$/i

/** Programs whose short options hold a secret, by the letters of these; with the value attached, too. */
const SECRET_LETTERS: readonly (readonly [program: RegExp, letters: string])[] = [
  [/^(?:mysql|mariadb|mongo|7z|sshpass)/, 'p'],
  [/^(?:zip|unzip)$/, 'P'],
  [/^(?:redis-cli|valkey-cli)$/, 'a'],
  [/^ldap/, 'w'],
  [/^curl$/, 'b'],
]
/** Programs to which `-p` is something else. */
const HARMLESS_P =
  /^(?:cp|docker|install|mkdir|mv|nc|node|perl|podman|ps|pgrep|rsync|scp|sftp|ssh|tar|test|top)$/

/**
 * A program's arguments with what looks like a secret replaced by `***`: values of options and variables with
 * such names, header fields, tokens, and passwords in URLs. In doubt too much is masked.
 */
export function maskArgs(args: readonly string[]): readonly string[] {
  const program = args[0] ?? ''
  const binary = program.slice(program.lastIndexOf('/') + 1).toLowerCase()
  const letters = SECRET_LETTERS.find(([programs]) => programs.test(binary))?.[1] ?? ''
  let before = ''
  return args.map((arg, index) => {
    const masked = index === 0 ? maskInside(arg) : maskArg(arg, before, binary, letters)
    before = arg
    return masked
  })
}

function maskArg(arg: string, before: string, binary: string, letters: string): string {
  if (isSecretOption(before, binary, letters, arg) && !isOption(arg)) return MASK
  if (/^(?:-u|-U|--user|--proxy-user)$/.test(before)) return arg.replace(/^([^:]*):.+$/s, `$1:${MASK}`)
  const attached = /^-([a-zA-Z])(.+)$/s.exec(arg)
  if (attached?.[1] !== undefined && letters.includes(attached[1])) return `-${attached[1]}${MASK}`
  return maskInside(arg)
}

function isSecretOption(option: string, binary: string, letters: string, value: string): boolean {
  const name = /^--?([\w.-]+)$/.exec(option)?.[1]
  if (name === undefined) return false
  if (name.length > 1) return isSecretName(name)
  if (letters !== '') return letters.includes(name)
  // Ports, numbers of processes, and paths are no passwords.
  return name === 'p' && !HARMLESS_P.test(binary) && !/^[\d.:,-]+(?:\/\w+)?$|\//.test(value)
}

/** What begins like an option is taken for one, unless only a value can look like that. */
function isOption(arg: string): boolean {
  return /^--?[a-zA-Z][\w-]*(?:=|$)/.test(arg)
}

function isSecretName(name: string): boolean {
  return PARTS_OF_SECRET_NAMES.test(name) || SECRET_WORDS.test(name)
}

/** Secrets inside one argument, which may be a URL, a header field, a JSON text, or a whole command line. */
function maskInside(arg: string): string {
  const whole = /^(-{0,2}([\w.-]+)=)./s.exec(arg)
  if (whole?.[2] !== undefined && isSecretName(whole[2])) return `${whole[1]}${MASK}`
  return arg
    .replace(/([a-z][a-z\d+.-]{0,20}:\/\/)([^\s/?#]*)@/gi, maskUserInfo)
    .replace(/((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*)[^\r\n]+/gi, `$1$2${MASK}`)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${MASK}`)
    .replace(/(--?([\w.-]{2,64})\s+)(\S+)/g, maskIfSecret)
    .replace(/(["']?([\w.-]{1,64})["']?\s?:\s*["'])([^"']*)/g, maskIfSecret)
    .replace(/(\b([\w.-]{1,64}):\s+)(\S.*)/g, maskIfSecret)
    .replace(/(\b([\w.-]{1,64})=)([^&\s;]+)/g, maskIfSecret)
}

function maskIfSecret(all: string, before: string, name: string): string {
  return isSecretName(name) ? `${before}${MASK}` : all
}

function maskUserInfo(all: string, scheme: string, userInfo: string): string {
  const colon = userInfo.indexOf(':')
  if (colon !== -1) return `${scheme}${userInfo.slice(0, colon)}:${MASK}@`
  return userInfo.length < TOKEN_CHARACTERS_MIN ? all : `${scheme}${MASK}@`
}
