import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve as resolvePath } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** The kernel takes no longer paths for UNIX sockets. */
const SOCKET_PATH_BYTES_MAX = 107
const LOCK = /^lock-[0-9a-f]{8}$/
const UNFINISHED = /^lock\.[0-9a-f]{8}$/
const TRIES = 4
const TRY_PAUSE_MS = 40

/** Said of a folder that another process, or another store of this one, uses. */
export class FolderInUse extends Error {
  constructor() {
    super('its folder is in use by another')
  }
}

/**
 * Takes a folder for one user alone, and gives the way to let it go. A UNIX socket is the lock: the kernel
 * knows whether its owner lives, whatever the owner died of, and also across containers that share the
 * folder, where numbers of processes mean nothing.
 *
 * Everyone first shows a lock of its own that answers, and then looks whether any other answers: of two the
 * later one sees the earlier one, and gives way. Two that see each other both give way, and try again.
 *
 * Rejects with `FolderInUse`, or as the system does.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  for (let tries = 1; ; tries += 1) {
    const letGo = await tryToLock(folder)
    if (letGo !== undefined) return letGo
    if (tries === TRIES) throw new FolderInUse()
    await pause(Math.random() * TRY_PAUSE_MS * tries)
  }
}

async function tryToLock(folder: string): Promise<(() => Promise<void>) | undefined> {
  const way = shortWay(folder)
  try {
    if ((await othersIn(folder, way.path, undefined)).isAnyAlive) return undefined
    const name = randomBytes(4).toString('hex')
    const server = await listen(join(way.path, `lock.${name}`))
    const own = `lock-${name}`
    const letGo = () => closeLock(server, join(folder, own))
    try {
      // Under the name of a lock it is seen only once it answers.
      renameSync(join(folder, `lock.${name}`), join(folder, own))
    } catch {
      // Another has taken it for a dead one, for before that moment it does not answer.
      await letGo()
      return undefined
    }
    const { isAnyAlive, dead } = await othersIn(folder, way.path, own)
    if (isAnyAlive) {
      await letGo()
      return undefined
    }
    for (const former of dead) rmSync(join(folder, former), { force: true })
    return letGo
  } finally {
    way.close()
  }
}

/** Locks besides our own: whether one answers, and which do not. */
async function othersIn(folder: string, way: string, own: string | undefined) {
  const dead: string[] = []
  let isAnyAlive = false
  for (const name of readdirSync(folder)) {
    if (name === own || !(LOCK.test(name) || UNFINISHED.test(name))) continue
    if (!(await isAlive(join(way, name)))) dead.push(name)
    else if (LOCK.test(name)) isAnyAlive = true
  }
  return { isAnyAlive, dead }
}

/** A path to the folder that is short enough for sockets in it. */
function shortWay(folder: string): { readonly path: string; close(): void } {
  if (Buffer.byteLength(join(folder, 'lock-12345678')) <= SOCKET_PATH_BYTES_MAX) {
    return { path: folder, close() {} }
  }
  const crossing = mkdtempSync(join(tmpdir(), 'qtap-'))
  const path = join(crossing, 'spool')
  symlinkSync(resolvePath(folder), path)
  return { path, close: () => rmSync(crossing, { recursive: true, force: true }) }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(path, () => {
      server.removeListener('error', reject)
      // What fails for one who asks is no matter of ours.
      server.on('error', () => {})
      server.unref()
      resolve(server)
    })
  })
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // No socket, or nobody behind it. Anything else, such as a full backlog (EAGAIN), is somebody's.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT' && error.code !== 'ENOTSOCK')
    })
  })
}

function closeLock(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true })
  return new Promise((resolve) => server.close(() => resolve()))
}
