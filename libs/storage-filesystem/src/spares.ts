const kept = 64
const maxIdleMs = 60_000

interface Spare {
  readonly path: string
  readonly sinceMs: number
}

/**
 * What ended, kept to be used again in place of something new: where many files are removed and made, as by uploads, a
 * file system may look long for a place for the next (ext4 without a journal passes over all that was removed within
 * five minutes). Bounded; one that has lain long is forgotten, since who purges by age may take it.
 */
export class Spares {
  readonly #spares: Spare[] = []
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  get isFull(): boolean {
    return this.#spares.length >= kept
  }

  keep(path: string): void {
    this.#spares.push({ path, sinceMs: this.#nowMs() })
  }

  /** @returns the path of the one kept last, which is the caller's then */
  take(): string | undefined {
    const spare = this.#spares.pop()
    if (spare === undefined || this.#nowMs() - spare.sinceMs <= maxIdleMs) return spare?.path
    // The others have lain longer.
    this.#spares.length = 0
    return undefined
  }

  /** All paths; there are none afterwards. */
  takeAll(): readonly string[] {
    return this.#spares.splice(0).map(({ path }) => path)
  }
}
