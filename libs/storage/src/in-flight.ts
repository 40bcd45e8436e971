/** Tasks that run, up to a limit. The first failure is kept: `add` and `throwIfFailed` throw it. */
export class InFlight {
  readonly #limit: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Begins `task` once fewer than the limit run; `task` runs to its end whatever becomes of others.
   *
   * @throws what a task before threw; `task` is not begun then
   */
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

  /** Resolves when one of the running tasks has ended; `undefined` if none runs. Never rejects. */
  untilOneEnds(): Promise<void> | undefined {
    return this.#running.size === 0 ? undefined : Promise.race(this.#running)
  }

  /** Waits until no task runs. Never rejects. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
