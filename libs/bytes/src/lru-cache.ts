/**
 * A map bounded by the weight of its entries: the least recently used go first. An entry may also expire.
 * Not for permission to delete, and not for anything that storage alone knows.
 */
export class LruCache<K, V> {
  readonly #entries = new Map<K, { value: V; weight: number; expiresAtMs: number }>()
  readonly #maxWeight: number
  readonly #ttlMs: number
  readonly #nowMs: () => number
  #weight = 0

  constructor(options: { maxWeight: number; ttlMs?: number; nowMs?: () => number }) {
    this.#maxWeight = options.maxWeight
    this.#ttlMs = options.ttlMs ?? Infinity
    this.#nowMs = options.nowMs ?? Date.now
  }

  /** The sum of what the entries weigh; at most the `maxWeight` given. */
  get weight(): number {
    return this.#weight
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.expiresAtMs !== Infinity && entry.expiresAtMs <= this.#nowMs()) {
      this.delete(key)
      return undefined
    }
    // A Map iterates in insertion order: to be inserted again is to be used last.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Keeps `value`, unless it weighs more than the whole cache may. */
  set(key: K, value: V, weight = 1): void {
    this.delete(key)
    if (weight > this.#maxWeight) return
    const expiresAtMs = this.#ttlMs === Infinity ? Infinity : this.#nowMs() + this.#ttlMs
    this.#entries.set(key, { value, weight, expiresAtMs })
    this.#weight += weight
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#maxWeight) return
      this.delete(oldest)
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }

  clear(): void {
    this.#entries.clear()
    this.#weight = 0
  }
}
