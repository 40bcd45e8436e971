/** A source of numbers that one seed repeats, so that a failure at a random moment can be looked at again. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from `low` up to, but not including, `high`. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low))
  }

  /** From 0 to below 1 (mulberry32). */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of this run: a new one, or the one that `BERTH_SEED` repeats. */
export const seed = Number(process.env['BERTH_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
