import { OperatorError } from './operator-error.ts'

const UNIT_BYTES = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

/**
 * Reads a size such as `2mb`, `1.5 GB` or `4096` and gives whole bytes; units are powers of 1024, none means
 * bytes. Throws an `OperatorError` for anything else.
 */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^([^a-z]*)(.*)$/s.exec(text.trim().toLowerCase()) ?? []
  const written = number.trim()
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(written)) throw refused(`invalid number format: ${text}`)
  if (!isUnit(unit)) throw refused(`invalid unit: ${unit}`)
  const bytes = Math.floor(Number(written) * UNIT_BYTES[unit])
  if (!Number.isSafeInteger(bytes)) throw refused(`invalid number format: ${text}`)
  return bytes
}

function isUnit(unit: string): unit is keyof typeof UNIT_BYTES {
  return Object.hasOwn(UNIT_BYTES, unit)
}

function refused(message: string): OperatorError {
  return new OperatorError(
    'QTAP_SIZE',
    `${message}.`,
    'Write a number and a unit, such as 512kb, 2mb or 1gb.',
  )
}
