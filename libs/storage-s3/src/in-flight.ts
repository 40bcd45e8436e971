/** Work under way, so much at a time. The first failure is kept, and thrown to whoever adds or waits. */
export class InFlight {
  readonly #limit: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Begins `task` once there is room for it; `task` runs to its end whatever becomes of others. */
  async add(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running)
    this.throwIfFailed()
    const running: Promise<void> = task()
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Until one of those under way has ended; `undefined` where none is. Never rejects. */
  untilOneEnds(): Promise<void> | undefined {
    return this.#running.size === 0 ? undefined : Promise.race(this.#running)
  }

  /** Waits until none is under way. Never rejects. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
