export interface AdoptionOptions {
  readonly isComplete: () => Promise<boolean>
  /** Absent where nothing may be written. */
  readonly reindex: ((signal?: AbortSignal) => Promise<unknown>) | undefined
}

/** Sees to it that a tree which Distribution wrote is indexed, once, before anything is served from the index. */
export class Adoption {
  readonly #options: AdoptionOptions
  #done: Promise<boolean> | undefined

  constructor(options: AdoptionOptions) {
    this.#options = options
  }

  /**
   * Waits for the index, and has it made if nobody has yet. After a failure the next caller tries again.
   *
   * @param signal ends the making of it, if that begins with this call
   * @returns whether there is one: not where nothing may be written, until somebody else has made it
   */
  async done(signal?: AbortSignal): Promise<boolean> {
    const done = (this.#done ??= this.#adopt(signal))
    let isIndexed = false
    try {
      isIndexed = await done
    } finally {
      if (!isIndexed && this.#done === done) this.#done = undefined
    }
    return isIndexed
  }

  async #adopt(signal?: AbortSignal): Promise<boolean> {
    const { isComplete, reindex } = this.#options
    if (await isComplete()) return true
    await reindex?.(signal)
    return reindex !== undefined
  }
}
