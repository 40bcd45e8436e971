export interface BreakerOptions {
  /** How many failures in a row open it. */
  readonly failures: number
  /** How long nothing is tried then. */
  readonly pauseMs: number
  readonly nowMs: () => number
}

/** Keeps requests from waiting, one after another, for what does not answer. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #pausedUntilMs = 0
  #isTrying = false

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** @throws Error at once, while it is open; after a pause one call is let through, to see. */
  async call<T>(run: () => Promise<T>): Promise<T> {
    const isTrial = this.#failures >= this.#options.failures
    if (isTrial && (this.#isTrying || this.#options.nowMs() < this.#pausedUntilMs))
      throw new Error('not tried: it has not answered lately')
    if (isTrial) this.#isTrying = true
    try {
      const result = await run()
      this.#failures = 0
      return result
    } catch (error) {
      this.#failures += 1
      if (this.#failures >= this.#options.failures) this.#pausedUntilMs = this.#options.nowMs() + this.#options.pauseMs
      throw error
    } finally {
      if (isTrial) this.#isTrying = false
    }
  }
}
