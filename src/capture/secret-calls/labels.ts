import type { Buffer } from 'node:buffer'
import type { SecretLabel } from '../events.ts'
import type { ElfFile, Segment } from './elf.ts'
import { eachPiece } from './pieces.ts'

interface Needle {
  /** What is searched for: rare, and a part of each of its labels. */
  readonly text: string
  readonly labels: readonly SecretLabel[]
}

/** Every library that speaks TLS 1.3 has these and hardly any other file: most searches end with this one. */
const TRAFFIC: Needle = {
  text: '_TRAFFIC_SECRET',
  labels: [
    'CLIENT_EARLY_TRAFFIC_SECRET',
    'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
    'SERVER_HANDSHAKE_TRAFFIC_SECRET',
    'CLIENT_TRAFFIC_SECRET_0',
    'SERVER_TRAFFIC_SECRET_0',
  ],
}

/** EXPORTER_SECRET may share the end of EARLY_EXPORTER_SECRET: both are then found, at two addresses. */
const OTHERS: readonly Needle[] = [
  { text: 'EXPORTER_SECRET\0', labels: ['EXPORTER_SECRET', 'EARLY_EXPORTER_SECRET'] },
  { text: 'CLIENT_RANDOM\0', labels: ['CLIENT_RANDOM'] },
]

/** A library has each label once or twice; a file made to confuse could have millions. */
const ADDRESSES_MAX = 64

/** Virtual addresses of the NUL-terminated labels. Looks into code only if no other segment has one. */
export function findLabels(elf: ElfFile): Map<number, SecretLabel> {
  const labels = new Map<number, SecretLabel>()
  for (const executable of [false, true]) {
    for (const segment of elf.segments) {
      if (segment.executable === executable) findInSegment(elf, segment, labels)
    }
    if (labels.size > 0) break
  }
  return labels
}

function findInSegment(elf: ElfFile, segment: Segment, labels: Map<number, SecretLabel>): void {
  const known = labels.size
  search([TRAFFIC])
  if (labels.size > known) search(OTHERS)

  function search(needles: readonly Needle[]): void {
    eachPiece(elf.fd, segment.offset, segment.length, (bytes, offset) => {
      const address = segment.address + offset - segment.offset
      for (const needle of needles) findInPiece(bytes, address, needle, labels)
    })
  }
}

function findInPiece(bytes: Buffer, address: number, needle: Needle, labels: Map<number, SecretLabel>): void {
  for (let at = bytes.indexOf(needle.text, 0, 'latin1'); at >= 0; ) {
    for (const label of needle.labels) {
      const start = at - `${label}\0`.indexOf(needle.text)
      if (start < 0 || bytes.toString('latin1', start, start + label.length + 1) !== `${label}\0`) continue
      if (labels.size < ADDRESSES_MAX) labels.set(address + start, label)
    }
    at = bytes.indexOf(needle.text, at + 1, 'latin1')
  }
}

/** Whether the file has the words of a TLS 1.3 library anywhere: for files whose segments cannot be read. */
export function mentionsLabels(fd: number, sizeBytes: number): boolean {
  let mentioned = false
  eachPiece(fd, 0, sizeBytes, (bytes) => {
    mentioned ||= bytes.includes('CLIENT_HANDSHAKE_TRAFFIC_SECRET\0', 0, 'latin1')
  })
  return mentioned
}
