/** Sees to it that a tree which Distribution wrote is indexed, once, before anything is served from the index. */
export class Adoption {
  readonly #isComplete: () => Promise<boolean>
  readonly #reindex: (signal?: AbortSignal) => Promise<unknown>
  #done: Promise<void> | undefined

  constructor(options: { isComplete: () => Promise<boolean>; reindex: (signal?: AbortSignal) => Promise<unknown> }) {
    this.#isComplete = options.isComplete
    this.#reindex = options.reindex
  }

  /**
   * Waits for the index, and has it made if nobody has yet. After a failure the next caller tries again.
   *
   * @param signal ends the making of it, if that begins with this call
   */
  async done(signal?: AbortSignal): Promise<void> {
    this.#done ??= this.#adopt(signal)
    try {
      await this.#done
    } catch (error) {
      this.#done = undefined
      throw error
    }
  }

  async #adopt(signal?: AbortSignal): Promise<void> {
    if (!(await this.#isComplete())) await this.#reindex(signal)
  }
}
