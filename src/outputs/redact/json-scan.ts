import { type JsonPlaces, keyHash, REPLACED, type Waiting } from './json-places.ts'

/** What a scan tells of the text. Places are in the order of the text and apart from each other. */
export interface JsonListener {
  /** A value to be replaced; of a string without its quotes. */
  onValue(from: number, to: number, isString: boolean): void
  /** What stands between the quotes of any other string that holds a backslash; none where not wanted. */
  readonly onEscaped: ((from: number, to: number) => void) | undefined
}

/** Containers within containers; what lies deeper is replaced. */
const DEPTH_MAX = 512
const LOOSE_KEY_BYTES_MAX = 256

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const LINE_FEED = 0x0a
const RETURN = 0x0d

/** What comes next in a container. */
const KEY = 0
const KEYS_END = 1
const VALUE = 2
const VALUES_END = 3

/**
 * Finds values in JSON text by their places. The text may be cut anywhere, may be several documents one after
 * the other, and may be no JSON at all: what does not fit is passed over, and where two readings are possible
 * the one that replaces more is taken. A value whose end is missing goes on to the end of the text.
 */
export class JsonScan {
  readonly #bytes: Uint8Array
  readonly #places: JsonPlaces
  readonly #listener: JsonListener
  /** A byte that ends every document, even in the middle of one; -1 for none. */
  readonly #reset: number

  #at = 0
  #depth = 0
  /** Of each open container. */
  readonly #isArray: boolean[] = []
  readonly #waiting: Waiting[] = []
  readonly #state: number[] = []
  readonly #index: number[] = []
  /** Open containers of either kind. */
  #arrays = 0
  #objects = 0
  /** What was found of the member or item whose value comes next. */
  #replaced = false
  #inner: Waiting
  /** Whether the last string held a backslash. */
  #escaped = false
  #atBeginning = true

  constructor(bytes: Uint8Array, places: JsonPlaces, listener: JsonListener, reset: number) {
    this.#bytes = bytes
    this.#places = places
    this.#listener = listener
    this.#reset = reset
    this.#inner = places.root
  }

  run(): void {
    const bytes = this.#bytes
    const end = bytes.length
    while (this.#at < end) {
      const byte = bytes[this.#at] ?? 0
      if (byte === this.#reset) this.#forget()
      else if (byte === 0x20 || byte === LINE_FEED || byte === RETURN || byte === 0x09) this.#at += 1
      else if (byte === QUOTE) this.#readString()
      else if (byte === COLON) this.#readColon()
      else if (byte === COMMA) this.#readComma()
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#open(byte === OPEN_ARRAY)
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#close(byte === CLOSE_ARRAY)
      else this.#readPlain()
    }
  }

  #forget(): void {
    this.#at += 1
    this.#depth = 0
    this.#arrays = 0
    this.#objects = 0
    this.#replaced = false
    this.#inner = this.#places.root
    this.#atBeginning = true
  }

  #readString(): void {
    const top = this.#depth - 1
    if (top < 0 && !this.#atBeginning && !this.#replaced) {
      this.#readLooseKey()
      return
    }
    this.#atBeginning = false
    const from = this.#at + 1
    if (top >= 0 && this.#isArray[top] === false && this.#state[top] !== VALUE && !this.#replaced) {
      this.#readKey(top, from)
      return
    }
    this.#lookUpItem(top)
    const to = this.#stringEnd(from)
    if (this.#replaced)
      this.#listener.onValue(from, this.#bytes[to] === QUOTE ? to : this.#withoutSpace(from, to), true)
    else if (this.#escaped) this.#listener.onEscaped?.(from, to)
    this.#at = to + 1
    this.#endValue(top)
  }

  /**
   * Outside of all containers a quote may be no JSON at all, and turn everything behind it inside out: only
   * what is followed by a colon counts.
   */
  #readLooseKey(): void {
    const bytes = this.#bytes
    const from = this.#at + 1
    const last = Math.min(bytes.length, from + LOOSE_KEY_BYTES_MAX)
    this.#at = from
    let hash = 0
    let at = from
    for (; at < last && bytes[at] !== QUOTE; at += 1) {
      hash = keyHash(hash, bytes[at] ?? 0)
      if (bytes[at] !== BACKSLASH) continue
      at += 1
      hash = keyHash(hash, bytes[at] ?? 0)
    }
    let colon = at + 1
    while (colon < last && bytes[colon] === 0x20) colon += 1
    if (at >= last || bytes[colon] !== COLON) return
    this.#at = colon + 1
    const key = this.#places.keyAt(bytes, from, at, hash)
    this.#replaced = key.replaced || this.#places.into(this.#places.root, key.name) === REPLACED
  }

  #readKey(top: number, from: number): void {
    const bytes = this.#bytes
    const end = bytes.length
    let hash = 0
    let at = from
    this.#escaped = false
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte === QUOTE || byte === this.#reset) break
      hash = keyHash(hash, byte)
      if (byte !== BACKSLASH) continue
      this.#escaped = true
      at += 1
      hash = keyHash(hash, bytes[at] ?? 0)
    }
    const to = Math.min(at, end)
    this.#at = to + (bytes[to] === this.#reset ? 0 : 1)
    if (this.#escaped) this.#listener.onEscaped?.(from, to)
    // A key that was cut has no value.
    if (to === end) return
    const key = this.#places.keyAt(bytes, from, to, hash)
    const waiting = this.#waiting[top] ?? this.#places.root
    const into = waiting.length === 0 ? waiting : this.#places.into(waiting, key.name)
    this.#replaced = key.replaced || into === REPLACED
    this.#inner = into === REPLACED ? this.#places.root : into
    this.#state[top] = KEYS_END
  }

  #stringEnd(from: number): number {
    const bytes = this.#bytes
    const end = bytes.length
    const reset = this.#reset
    this.#escaped = false
    for (let at = from; at < end; at += 1) {
      const byte = bytes[at]
      if (byte === QUOTE) return at
      if (byte === BACKSLASH) {
        this.#escaped = true
        at += 1
      } else if (byte === reset) return at
    }
    return end
  }

  /** Items of arrays have no key that says what becomes of them. */
  #lookUpItem(top: number): void {
    if (top < 0 || this.#isArray[top] === false) return
    const waiting = this.#waiting[top] ?? this.#places.root
    const into = waiting.length === 0 ? waiting : this.#places.into(waiting, this.#index[top] ?? 0)
    this.#replaced = into === REPLACED
    this.#inner = into === REPLACED ? this.#places.root : into
  }

  #readColon(): void {
    const top = this.#depth - 1
    if (top >= 0 && this.#isArray[top] === false && this.#state[top] === KEYS_END) this.#state[top] = VALUE
    this.#at += 1
  }

  #readComma(): void {
    const top = this.#depth - 1
    if (top >= 0) {
      this.#state[top] = this.#isArray[top] === true ? VALUE : KEY
      this.#index[top] = (this.#index[top] ?? 0) + 1
    }
    this.#replaced = false
    this.#at += 1
  }

  #open(isArray: boolean): void {
    const top = this.#depth - 1
    this.#atBeginning = false
    this.#lookUpItem(top)
    if (this.#replaced || this.#depth === DEPTH_MAX) {
      this.#replaceContainer()
      this.#endValue(top)
      return
    }
    const depth = this.#depth
    this.#isArray[depth] = isArray
    this.#waiting[depth] = top < 0 ? this.#places.root : this.#inner
    this.#state[depth] = isArray ? VALUE : KEY
    this.#index[depth] = 0
    this.#depth += 1
    if (isArray) this.#arrays += 1
    else this.#objects += 1
    this.#replaced = false
    this.#at += 1
  }

  /** Of brackets only the number counts: of which kind each is makes no difference to what is replaced. */
  #replaceContainer(): void {
    const bytes = this.#bytes
    const end = bytes.length
    const from = this.#at
    let open = 0
    let at = from
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte === this.#reset) break
      if (byte === QUOTE) {
        at = this.#stringEnd(at + 1)
        if (bytes[at] === this.#reset) break
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) open += 1
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        open -= 1
        if (open > 0) continue
        at += 1
        break
      }
    }
    this.#at = Math.min(at, end)
    this.#listener.onValue(from, this.#withoutSpace(from, this.#at), false)
  }

  #close(isArray: boolean): void {
    this.#at += 1
    if ((isArray ? this.#arrays : this.#objects) === 0) return
    // A bracket that does not fit closes what was left open inside.
    for (let isFound = false; !isFound && this.#depth > 0; ) {
      this.#depth -= 1
      isFound = this.#isArray[this.#depth] === isArray
      if (this.#isArray[this.#depth] === true) this.#arrays -= 1
      else this.#objects -= 1
    }
    this.#endValue(this.#depth - 1)
  }

  /** A number or a word; outside of all containers anything. */
  #readPlain(): void {
    const bytes = this.#bytes
    const end = bytes.length
    const from = this.#at
    const top = this.#depth - 1
    this.#atBeginning = false
    this.#lookUpItem(top)
    const goesOn = this.#replaced
    let at = from + 1
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0
      if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || byte === this.#reset) break
      if (byte === LINE_FEED || byte === RETURN) break
      // What is no JSON may hold anything: where it is to be replaced, all of it.
      if (goesOn) continue
      if (byte === QUOTE || byte === COLON || byte === OPEN_OBJECT || byte === OPEN_ARRAY || byte === 0x20)
        break
    }
    this.#at = at
    if (goesOn) this.#listener.onValue(from, this.#withoutSpace(from, at), false)
    else if (top >= 0 && this.#isArray[top] === false && this.#state[top] !== VALUE) return
    this.#endValue(top)
  }

  #endValue(top: number): void {
    this.#replaced = false
    if (top < 0) {
      this.#inner = this.#places.root
      return
    }
    this.#inner = this.#waiting[top] ?? this.#places.root
    this.#state[top] = VALUES_END
  }

  #withoutSpace(from: number, to: number): number {
    let end = to
    while (end > from + 1) {
      const byte = this.#bytes[end - 1] ?? 0
      if (byte !== 0x20 && byte !== LINE_FEED && byte !== RETURN && byte !== 0x09) break
      end -= 1
    }
    return end
  }
}
