/** A semaphore: limits how many tasks run at once. The others wait, and begin in the order in which they came. */
export class Turns {
  readonly #count: number
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#count = count
    this.#free = count
  }

  /** How many tasks wait for their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Whether no task runs or waits. */
  get isIdle(): boolean {
    return this.#free === this.#count
  }

  /** @throws the signal's reason, once it is aborted while it waits; `task` is not begun then */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.take(signal)
    try {
      return await task()
    } finally {
      this.give()
    }
  }

  /**
   * Takes a turn, which `give` gives back.
   *
   * @returns resolved when it is taken; `undefined` if it is taken already
   * @throws the signal's reason, once it is aborted while it waits; nothing is taken then
   */
  take(signal?: AbortSignal): Promise<void> | undefined {
    if (this.#free === 0) return this.#wait(signal)
    this.#free -= 1
    return undefined
  }

  give(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#free += 1
    else {
      this.#waiting.delete(next)
      next()
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const onAbort = (): void => {
        this.#waiting.delete(onTurn)
        reject(signal?.reason as Error)
      }
      const onTurn = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(onTurn)
    })
  }
}
