/** Sees to it that a tree which Distribution wrote is indexed, once, before anything is served from the index. */
export class Adoption {
  readonly #isComplete: () => Promise<boolean>
  readonly #reindex: () => Promise<unknown>
  #done: Promise<void> | undefined

  constructor(options: { isComplete: () => Promise<boolean>; reindex: () => Promise<unknown> }) {
    this.#isComplete = options.isComplete
    this.#reindex = options.reindex
  }

  /** Waits for the index, and has it made if nobody has yet. After a failure the next caller tries again. */
  async done(): Promise<void> {
    this.#done ??= this.#adopt()
    try {
      await this.#done
    } catch (error) {
      this.#done = undefined
      throw error
    }
  }

  async #adopt(): Promise<void> {
    if (!(await this.#isComplete())) await this.#reindex()
  }
}
