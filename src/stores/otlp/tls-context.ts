import { readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { OperatorError } from '../../base/index.ts'
import type { OtlpSettings } from './settings.ts'

/**
 * What to trust and what to show. Without a file it trusts what the system trusts, or, on a system without a
 * list of its own, what Node.js brings along. Throws an `OperatorError` for files that cannot be used.
 */
export function openTlsContext({ caFile, certFile, keyFile }: OtlpSettings['tls']): SecureContext {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new OperatorError(
      'QTAP_TLS_FILES',
      `tls: ${certFile === undefined ? 'key_file' : 'cert_file'} stands alone.`,
      'A certificate of the client needs both cert_file and key_file.',
    )
  }
  const system = caFile === undefined ? getCACertificates('system') : []
  const ca = caFile === undefined ? system : [readTlsFile(caFile)]
  const trusted = ca.length > 0 ? { ca: [...ca] } : {}
  const shown =
    certFile === undefined || keyFile === undefined
      ? {}
      : { cert: readTlsFile(certFile), key: readTlsFile(keyFile) }
  try {
    return createSecureContext({ ...trusted, ...shown })
  } catch (error) {
    const files = [caFile, certFile, keyFile].filter((file) => file !== undefined).join(', ')
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no PEM'
    throw new OperatorError(
      'QTAP_TLS_FILES',
      `the TLS files cannot be used (${code}): ${files}.`,
      'They must be PEM, and the key must be that of the certificate.',
    )
  }
}

function readTlsFile(path: string): string {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.includes('-----BEGIN ')) return text
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new OperatorError(
      'QTAP_TLS_FILES',
      `cannot read ${path}: ${code}.`,
      'Name a file that the agent may read.',
    )
  }
  throw new OperatorError('QTAP_TLS_FILES', `${path} is not in PEM.`, 'Convert it with openssl.')
}
