import { LruCache } from '@berth/bytes'

/**
 * What a process remembers of storage, while all that changes there goes through it. Reads that are under way when
 * something is written are not remembered: what they found may be from before it.
 */
export class Recollection<V> {
  readonly #values: LruCache<string, V> | undefined
  readonly #weigh: (key: string, value: V) => number
  readonly #reads = new Map<string, Promise<V | undefined>>()

  /** @param options.maxWeight nothing is remembered, and no two readers share a read, where it is 0 */
  constructor(options: { maxWeight: number; weigh: (key: string, value: V) => number }) {
    this.#values = options.maxWeight > 0 ? new LruCache({ maxWeight: options.maxWeight }) : undefined
    this.#weigh = options.weigh
  }

  get(key: string): V | undefined {
    return this.#values?.get(key)
  }

  /** What is remembered, or what `load` finds; `undefined`, for nothing there, is not remembered. */
  async read(key: string, load: () => Promise<V | undefined>): Promise<V | undefined> {
    if (this.#values === undefined) return load()
    const known = this.#values.get(key) ?? this.#reads.get(key)
    if (known !== undefined) return known
    const reading = load()
    this.#reads.set(key, reading)
    try {
      const value = await reading
      if (value !== undefined && this.#reads.get(key) === reading) this.#keep(key, value)
      return value
    } finally {
      if (this.#reads.get(key) === reading) this.#reads.delete(key)
    }
  }

  /** To be called as soon as `value` is what storage has. */
  set(key: string, value: V): void {
    this.#reads.delete(key)
    this.#keep(key, value)
  }

  /** As `set`, for a value that follows from the one before; unknown stays unknown. */
  change(key: string, next: (value: V) => V): void {
    this.#reads.delete(key)
    const value = this.#values?.get(key)
    if (value !== undefined) this.#keep(key, next(value))
  }

  /** To be called as soon as nothing is there any more, and when a write failed: what it left is for storage to say. */
  forget(key: string): void {
    this.#reads.delete(key)
    this.#values?.delete(key)
  }

  #keep(key: string, value: V): void {
    this.#values?.set(key, value, this.#weigh(key, value))
  }
}
