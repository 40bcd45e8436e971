/**
 * The bytes that a process lets its buffers have at any moment. Whoever wants a buffer asks here first and gives back
 * what it took; requests are served in order, so a large one is not starved by small ones. To be free of deadlocks,
 * nobody waits here while holding bytes that only its own progress would give back.
 */
export class ByteBudget {
  readonly #limit: number
  readonly #waiting: { bytes: number; grant: () => void }[] = []
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The bytes that may be out at any moment. */
  get limit(): number {
    return this.#limit
  }

  /** The bytes that are out now. */
  get taken(): number {
    return this.#taken
  }

  /**
   * Waits until `bytes` are free and takes them; a request for more than the whole budget is given the whole.
   *
   * @returns what was taken, for `give`
   * @throws the signal's reason, once it is aborted; nothing is taken then
   */
  async take(bytes: number, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted()
    const taken = this.tryTake(bytes)
    if (taken !== undefined) return taken
    const wanted = Math.min(bytes, this.#limit)
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(signal?.reason as Error)
        this.#serve()
      }
      const grant = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const entry = { bytes: wanted, grant }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(entry)
    })
    return wanted
  }

  /**
   * Takes `bytes` if they are free now and nobody waits for any.
   *
   * @returns what was taken, for `give`; `undefined` where `take` would have waited
   */
  tryTake(bytes: number): number | undefined {
    const wanted = Math.min(bytes, this.#limit)
    if (this.#waiting.length > 0 || this.#taken + wanted > this.#limit) return undefined
    this.#taken += wanted
    return wanted
  }

  /** Gives back what `take` or `tryTake` returned. */
  give(bytes: number): void {
    this.#taken -= bytes
    this.#serve()
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.bytes > this.#limit) return
      this.#waiting.shift()
      this.#taken += next.bytes
      next.grant()
    }
  }
}
