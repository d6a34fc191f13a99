/**
 * RFC 7541 Appendix B, as the number of bits of each symbol's code, a character each in base 36, end of
 * string last. The code is canonical: shorter codes come first, and equally long ones in the symbols' order.
 */
export const CODE_BITS = [
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
  'u',
].join('')
const END_OF_STRING = 256
/** The shortest codes have 5 bits. */
const SYMBOLS_PER_BYTE_MAX = 8 / 5

// A step of the machine: its next state, the symbols that came of it (at most two in a byte, because codes
// have 5 bits or more), how many they are, and whether the end of string stood in it.
const FIRST_SYMBOL_AT = 8
const SECOND_SYMBOL_AT = 16
const SYMBOLS_AT = 24
const STOPPED = 1 << 26

/**
 * A state is an inner node of the code's tree: 257 leaves make 256 of them, the root is 0. `STEPS` holds what
 * becomes of each state by each byte, and `MAY_END` the states in which a string may end: behind fewer than 8
 * bits of padding, all of them ones, which are the first bits of the end of string (§5.2).
 */
const { STEPS, MAY_END } = machine()

/** What `bytes` bytes of Huffman code decode to has at most so many bytes, and decoding may touch them. */
export function huffmanBytesMax(bytes: number): number {
  return Math.floor(bytes * SYMBOLS_PER_BYTE_MAX) + 2
}

/**
 * Decodes `coded` from `begin` to `end` into `text`, which has room for `huffmanBytesMax`. Gives the number
 * of bytes written; -1 when there is an end of string in it or its padding is wrong (RFC 7541 §5.2).
 */
export function decodeHuffman(coded: Uint8Array, begin: number, end: number, text: Uint8Array): number {
  let state = 0
  let length = 0
  let passed = 0
  for (let at = begin; at < end; at += 1) {
    const step = STEPS[(state << 8) | (coded[at] ?? 0)] ?? 0
    text[length] = step >>> FIRST_SYMBOL_AT
    text[length + 1] = step >>> SECOND_SYMBOL_AT
    length += (step >>> SYMBOLS_AT) & 3
    state = step & 0xff
    passed |= step
  }
  return (passed & STOPPED) !== 0 || MAY_END[state] !== 1 ? -1 : length
}

function machine() {
  const nodes = codeTree()
  const halves = stepsOfHalves(nodes)
  const steps = new Int32Array(256 * 256)
  for (let at = 0; at < steps.length; at += 1) {
    const first = halves[at >>> 4] ?? 0
    const second = halves[((first & 0xff) << 4) | (at & 15)] ?? 0
    steps[at] = joined(first, second)
  }
  const mayEnd = new Uint8Array(256)
  for (let bits = 0, state = 0; bits < 8; bits += 1) {
    mayEnd[state] = 1
    state = nodes[2 * state + 1] ?? 0
  }
  return { STEPS: steps, MAY_END: mayEnd }
}

function joined(first: number, second: number): number {
  if (((first | second) & STOPPED) !== 0) return STOPPED
  const hasFirst = first >>> SYMBOLS_AT === 1
  const symbols = (first & 0xff00) | ((second & 0xff00) << (hasFirst ? 8 : 0))
  return (((first >>> SYMBOLS_AT) + (second >>> SYMBOLS_AT)) << SYMBOLS_AT) | symbols | (second & 0xff)
}

/** Steps by half a byte, of which comes one symbol at most: 16 for each state. */
function stepsOfHalves(nodes: Int16Array): Int32Array {
  const steps = new Int32Array(256 * 16)
  for (let at = 0; at < steps.length; at += 1) {
    let state = at >>> 4
    let symbol = 0
    for (let bit = 3; bit >= 0; bit -= 1) {
      const child = nodes[2 * state + ((at >>> bit) & 1)] ?? 0
      state = Math.max(child, 0)
      if (child >= 0) continue
      symbol = ~child === END_OF_STRING ? STOPPED : (1 << SYMBOLS_AT) | (~child << FIRST_SYMBOL_AT)
    }
    steps[at] = symbol === STOPPED ? STOPPED : symbol | state
  }
  return steps
}

/** Two children a node: another node's number, or the complement of a symbol. */
function codeTree(): Int16Array {
  const nodes = new Int16Array(2 * 256)
  let nodesUsed = 1
  let code = 0
  let codeBits = 0
  for (const symbol of shortestFirst()) {
    const bits = bitsOf(symbol)
    code <<= bits - codeBits
    codeBits = bits
    let node = 0
    for (let bit = bits - 1; bit > 0; bit -= 1) {
      const side = 2 * node + ((code >>> bit) & 1)
      if (nodes[side] === 0) {
        nodes[side] = nodesUsed
        nodesUsed += 1
      }
      node = nodes[side] ?? 0
    }
    nodes[2 * node + (code & 1)] = ~symbol
    code += 1
  }
  return nodes
}

function shortestFirst(): number[] {
  return Array.from(CODE_BITS, (_, symbol) => symbol).sort((a, b) => bitsOf(a) - bitsOf(b) || a - b)
}

function bitsOf(symbol: number): number {
  return Number.parseInt(CODE_BITS.charAt(symbol), 36)
}
