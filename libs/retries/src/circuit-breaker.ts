import { retryDelayMs } from './retry-delay.ts'

export interface CircuitBreakerOptions {
  /** Number of failures in a row after which the server is considered to be away. */
  readonly threshold: number
  /** The time from opening to the first probe, in milliseconds. It doubles with each probe that fails. */
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** Must not step back when the system's clock is set. */
  readonly nowMs: () => number
  readonly onChange?: (isOpen: boolean) => void
}

/** A request was not made because the circuit is open. */
export class CircuitOpenError extends Error {
  override readonly name = 'CircuitOpenError'
}

/**
 * Holds requests back from a server that does not answer: the caller is told at once, and a server that comes back is
 * not met by all requests that waited. While the circuit is open, one request is admitted after each pause as a probe.
 *
 * cockatiel has one, too, but lets other requests wait for the probe, so that a probe that is never answered holds up all
 * of them, and measures pauses by the system's clock, which may be set.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #failures = 0
  #failedProbes = 0
  #openedMs = 0
  /** `undefined` while closed. */
  #nextProbeMs: number | undefined

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#nextProbeMs !== undefined
  }

  /** Whether a request may be made now. If the circuit is open, an admitted request is the probe. */
  admits(): boolean {
    if (this.#nextProbeMs === undefined) return true
    const nowMs = this.#options.nowMs()
    if (nowMs < this.#nextProbeMs) return false
    // If the outcome of this probe is never reported, another is admitted after the same pause.
    this.#nextProbeMs = nowMs + this.#pauseMs
    return true
  }

  /** The server answered, whatever it said. */
  answered(): void {
    this.#failures = 0
    if (this.#nextProbeMs === undefined) return
    this.#nextProbeMs = undefined
    this.#failedProbes = 0
    this.#options.onChange?.(false)
  }

  /**
   * A request had no answer, or the answer that the server is out of order.
   *
   * @param begunMs when the request was made; requests from before the circuit opened tell nothing new
   */
  failed(begunMs: number): void {
    const { threshold, nowMs, onChange } = this.#options
    this.#failures += 1
    if (this.#nextProbeMs !== undefined) {
      if (begunMs <= this.#openedMs) return
      this.#failedProbes += 1
      this.#nextProbeMs = nowMs() + this.#pauseMs
    } else if (this.#failures >= threshold) {
      this.#openedMs = nowMs()
      this.#nextProbeMs = this.#openedMs + this.#pauseMs
      onChange?.(true)
    }
  }

  /**
   * Makes a request and counts its outcome.
   *
   * @throws CircuitOpenError at once, if no request is admitted now
   * @throws what `request` throws
   */
  async call<T>(request: () => Promise<T>): Promise<T> {
    if (!this.admits()) throw new CircuitOpenError('the request was not made: the server has not answered lately')
    const begunMs = this.#options.nowMs()
    try {
      const answer = await request()
      this.answered()
      return answer
    } catch (error) {
      this.failed(begunMs)
      throw error
    }
  }

  get #pauseMs(): number {
    const { firstPauseMs: firstMs, longestPauseMs: longestMs } = this.#options
    return retryDelayMs(this.#failedProbes + 1, { firstMs, longestMs, certainPart: 1 })
  }
}
