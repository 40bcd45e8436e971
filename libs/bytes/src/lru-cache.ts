import { LRUCache } from 'lru-cache'

/**
 * A map bounded by the weight of its entries: the least recently used entry is evicted first. Entries may also expire.
 * Do not let a cached value permit a deletion, or answer a question that only storage can answer.
 */
export class LruCache<K extends {}, V> {
  readonly #entries: LRUCache<K, Entry<V>>
  readonly #maxWeight: number
  readonly #ttlMs: number
  readonly #nowMs: () => number

  constructor(options: { maxWeight: number; ttlMs?: number; nowMs?: () => number }) {
    this.#maxWeight = options.maxWeight
    // `maxSize` without `max`: the library then reserves no memory for entries that were not set yet.
    this.#entries = new LRUCache({ maxSize: Math.max(1, options.maxWeight) })
    this.#ttlMs = options.ttlMs ?? Infinity
    this.#nowMs = options.nowMs ?? Date.now
  }

  /** The total weight of all entries; at most `maxWeight`. */
  get weight(): number {
    return this.#entries.calculatedSize
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresAtMs === Infinity || entry.expiresAtMs > this.#nowMs()) return entry.value
    this.#entries.delete(key)
    return undefined
  }

  /**
   * Caches `value`. A value heavier than the whole cache is not cached, and the value that it replaces is removed.
   *
   * @param weight an integer; an entry weighs at least 1, so that the number of entries is bounded, too
   */
  set(key: K, value: V, weight = 1): void {
    if (weight > this.#maxWeight) return this.delete(key)
    const expiresAtMs = this.#ttlMs === Infinity ? Infinity : this.#nowMs() + this.#ttlMs
    this.#entries.set(key, { value, expiresAtMs }, { size: Math.max(1, weight) })
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}

/** The library's own expiry keeps an entry that is exactly `ttlMs` old; here it has expired by then. */
interface Entry<V> {
  readonly value: V
  readonly expiresAtMs: number
}
