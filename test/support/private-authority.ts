import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Files in PEM of an authority that nobody else knows, and of whom it vouches for. */
export interface PrivateAuthority extends Disposable {
  readonly caFile: string
  /** For `localhost`, 127.0.0.1 and ::1. */
  readonly server: { readonly certFile: string; readonly keyFile: string }
  readonly client: { readonly certFile: string; readonly keyFile: string }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'

const run = promisify(execFile)

export async function makePrivateAuthority(): Promise<PrivateAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'))
  const caFile = join(folder, 'ca.pem')
  const caKey = join(folder, 'ca.key')
  await openssl(
    'req',
    '-x509',
    '-days',
    '2',
    ...KEY,
    '-subj',
    '/CN=Private',
    '-keyout',
    caKey,
    '-out',
    caFile,
  )
  return {
    caFile,
    server: await vouchFor('server'),
    client: await vouchFor('client'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }

  async function vouchFor(name: string) {
    const certFile = join(folder, `${name}.pem`)
    const keyFile = join(folder, `${name}.key`)
    const request = join(folder, `${name}.csr`)
    const extensions = join(folder, `${name}.ext`)
    writeFileSync(extensions, name === 'server' ? NAMES : 'basicConstraints=CA:FALSE')
    await openssl('req', ...KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request)
    const by = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial']
    await openssl(
      'x509',
      '-req',
      '-days',
      '2',
      '-in',
      request,
      ...by,
      '-extfile',
      extensions,
      '-out',
      certFile,
    )
    return { certFile, keyFile }
  }

  async function openssl(...words: readonly string[]): Promise<void> {
    await run('openssl', [...words])
  }
}
