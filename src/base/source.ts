/** Counters of one stage. Each name says what it counts and, where it has one, its unit. */
export type Stats = Record<string, number>

/**
 * Where a stage's output comes from. Listeners run synchronously, in the order they were added;
 * an item that carries borrowed bytes is valid only until its listener returns.
 */
export interface Source<Item> {
  listen(listener: (item: Item) => void): void
  readonly stats: Readonly<Stats>
}

/** A source together with the way to feed it: only the stage that makes it holds one. */
export interface Emitter<Item> extends Source<Item> {
  emit(item: Item): void
}

/** Makes a source whose `stats` are the very object given, so that the stage goes on counting in it. */
export function source<Item>(stats: Stats): Emitter<Item> {
  const listeners: ((item: Item) => void)[] = []
  return { stats, listen, emit }

  function listen(listener: (item: Item) => void): void {
    listeners.push(listener)
  }

  function emit(item: Item): void {
    for (let index = 0; index < listeners.length; index += 1) listeners[index]?.(item)
  }
}
