import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Workshop } from './programs.ts'

/** What a test may run in a container: one static program with many names. */
const BUSYBOX = '/usr/bin/busybox'
const NAMES = ['cat', 'echo', 'sh', 'sleep', 'usleep', 'wget']

/**
 * An archive as `docker save` writes them, made from a static busybox, with one image under each of the
 * names: no registry is needed.
 */
export async function makeImageArchive(workshop: Workshop, names: readonly string[]): Promise<string> {
  const folder = join(workshop.folder, 'image')
  const root = join(folder, 'root')
  for (const directory of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp'])
    mkdirSync(join(root, directory), { recursive: true })
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'))
  for (const name of NAMES) symlinkSync('busybox', join(root, 'bin', name))
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')

  const layer = join(folder, 'layer.tar')
  await workshop.run('tar', ['-C', root, '--owner=0', '--group=0', '-cf', layer, '.'])
  const layerDigest = sha256(readFileSync(layer))
  const files = names.map((name, index) => {
    const file = `config-${index}.json`
    writeFileSync(join(folder, file), configOf(name, layerDigest))
    return file
  })
  const manifest = names.map((name, index) => ({
    Config: files[index],
    RepoTags: [name],
    Layers: ['layer.tar'],
  }))
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const archive = join(folder, 'images.tar')
  await workshop.run('tar', ['-C', folder, '-cf', archive, 'manifest.json', ...files, 'layer.tar'])
  return archive
}

/** Its name is in it, so that no two images are the same. */
function configOf(name: string, layerDigest: string): string {
  return JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    created: statSync(BUSYBOX).mtime.toISOString(),
    config: { Env: ['PATH=/bin'], Cmd: ['sleep', '100000'], WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created_by: name }],
  })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
