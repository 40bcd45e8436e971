export interface CircuitBreakerOptions {
  /** Failures in a row, of all requests, after which the store counts as gone. */
  readonly threshold: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** Must not step back when the system's clock is set. */
  readonly nowMs: () => number
  readonly onChange: (isOpen: boolean) => void
}

/**
 * Holds requests back from a store that answers none, so that clients are told at once, and a store that comes back is
 * not met by all that was waiting. While it is open, one request at a time is let through after each pause, to see.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  #pauseMs: number
  #openedMs = 0
  /** `undefined` while closed. */
  #nextProbeMs: number | undefined

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
    this.#pauseMs = options.firstPauseMs
  }

  get isOpen(): boolean {
    return this.#nextProbeMs !== undefined
  }

  /** Whether a request may be made now. Where the circuit is open, whoever is told yes is the one that sees. */
  admits(): boolean {
    if (this.#nextProbeMs === undefined) return true
    const nowMs = this.#options.nowMs()
    if (nowMs < this.#nextProbeMs) return false
    // Should its outcome never be told, another may go after the same pause.
    this.#nextProbeMs = nowMs + this.#pauseMs
    return true
  }

  /** The store answered, whatever it said. */
  answered(): void {
    this.#failures = 0
    if (this.#nextProbeMs === undefined) return
    this.#nextProbeMs = undefined
    this.#pauseMs = this.#options.firstPauseMs
    this.#options.onChange(false)
  }

  /**
   * A request had no answer, or one that the store is out of order.
   *
   * @param begunMs when it was made: those that were under way when the circuit opened tell nothing new
   */
  failed(begunMs: number): void {
    const { threshold, longestPauseMs, nowMs, onChange } = this.#options
    this.#failures += 1
    if (this.#nextProbeMs !== undefined) {
      if (begunMs <= this.#openedMs) return
      this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2)
      this.#nextProbeMs = nowMs() + this.#pauseMs
    } else if (this.#failures >= threshold) {
      this.#openedMs = nowMs()
      this.#nextProbeMs = this.#openedMs + this.#pauseMs
      onChange(true)
    }
  }
}
