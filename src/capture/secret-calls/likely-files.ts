import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'

/** A `library` is small; an `executable` is large, perhaps not in memory: `readAhead` before a search. */
export interface LikelyFile {
  readonly kind: 'library' | 'executable'
  readonly path: string
  readonly sizeBytes: number
}

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/lib64',
  '/usr/lib',
  '/lib',
  '/usr/local/lib',
  '/usr/local/lib64',
  '/usr/local/lib/x86_64-linux-gnu',
  '/usr/local/ssl/lib*',
  '/usr/local/openssl*/lib*',
  '/opt/*/lib',
  '/opt/*/lib64',
  '/home/linuxbrew/.linuxbrew/lib',
  '/snap/*/current/usr/lib/x86_64-linux-gnu',
]

const EXECUTABLE_FOLDERS = [
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/*/bin',
  '/opt/*',
  '/usr/local/*/bin',
  '/usr/lib/node*/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/snap/*/current/bin',
]

/** Below each home folder. */
const HOME_EXECUTABLE_FOLDERS = [
  '.bun/bin',
  '.deno/bin',
  '.local/bin',
  'bin',
  '.nvm/versions/node/*/bin',
  '.local/share/fnm/node-versions/*/installation/bin',
  '.local/share/mise/installs/*/*/bin',
  '.asdf/installs/*/*/bin',
  '.volta/tools/image/node/*/bin',
  '.pyenv/versions/*/bin',
]
const HOMES = ['/root', '/home/*']

const LIBRARY_NAME = /(ssl|tls|crypto).*\.so/i
const LOADER_CACHE_PATH = /\/[^\0]*\/[^\0/]*(?:ssl|tls)[^\0/]*\.so[^\0]*/gi

/** Programs known to carry a TLS library inside. */
const EXECUTABLE_NAME =
  /^(node|nodejs|bun|deno|nginx|envoy|haproxy|curl|python3?|php|ruby|java|chrome|electron)/

/** With a TLS library inside, no program is smaller. */
const EXECUTABLE_BYTES_MIN = 4 << 20

/**
 * Files that may hand out TLS secrets although no process maps them yet, likeliest first: searched at start,
 * they cover the first short-lived program from its first byte. Each file once. Between two results little
 * more than one folder is read, so that the caller may pause after any; it opens and searches them itself
 * (what is no ELF file costs a search 64 bytes). `root` is where the watched file system is mounted.
 */
export function* likelyFiles(root = ''): Generator<LikelyFile> {
  const seen = new Set<string>()
  for (const path of loaderCachePaths(root)) {
    const stats = statOf(path)
    if (stats !== undefined && isNew(stats, seen)) yield { kind: 'library', path, sizeBytes: stats.size }
  }
  for (const folder of LIBRARY_FOLDERS.flatMap((pattern) => expand(root, pattern))) {
    for (const name of namesIn(folder)) {
      if (!LIBRARY_NAME.test(name)) continue
      const path = join(folder, name)
      const stats = statOf(path)
      if (stats !== undefined && isNew(stats, seen)) yield { kind: 'library', path, sizeBytes: stats.size }
    }
  }
  const homeFolders = HOMES.flatMap((home) => HOME_EXECUTABLE_FOLDERS.map((below) => `${home}/${below}`))
  for (const pattern of [...EXECUTABLE_FOLDERS, ...homeFolders]) {
    for (const folder of expand(root, pattern)) yield* executablesIn(folder, seen)
  }
}

function executablesIn(folder: string, seen: Set<string>): LikelyFile[] {
  const likely: LikelyFile[] = []
  const others: LikelyFile[] = []
  for (const name of namesIn(folder)) {
    const path = join(folder, name)
    const stats = statOf(path)
    if (stats === undefined || stats.size < EXECUTABLE_BYTES_MIN || (stats.mode & 0o111) === 0) continue
    if (!isNew(stats, seen)) continue
    const file = { kind: 'executable', path, sizeBytes: stats.size } as const
    if (EXECUTABLE_NAME.test(name)) likely.push(file)
    else others.push(file)
  }
  return [...likely, ...others]
}

/** The loader's cache holds paths between NULs, in every format that glibc had: no structure is needed. */
function loaderCachePaths(root: string): string[] {
  try {
    const cache = readFileSync(join(root, '/etc/ld.so.cache'), 'latin1')
    return [...new Set(cache.match(LOADER_CACHE_PATH))].map((path) => join(root, path))
  } catch {
    return []
  }
}

/** Folders that match a pattern in which a part may contain `*`. */
function expand(root: string, pattern: string): string[] {
  let folders = [root]
  for (const part of pattern.split('/').filter((name) => name !== '')) {
    if (!part.includes('*')) {
      folders = folders.map((folder) => `${folder}/${part}`)
      continue
    }
    const matches = new RegExp(`^${part.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
    folders = folders.flatMap((folder) =>
      namesIn(folder)
        .filter((name) => matches.test(name))
        .map((name) => `${folder}/${name}`),
    )
  }
  return folders
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Nothing for what is no regular file, links to nowhere or lies where we may not look. */
function statOf(path: string): Stats | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    return stats?.isFile() ? stats : undefined
  } catch {
    return undefined
  }
}

function isNew(stats: Stats, seen: Set<string>): boolean {
  const key = `${stats.dev} ${stats.ino}`
  if (seen.has(key)) return false
  seen.add(key)
  return true
}
