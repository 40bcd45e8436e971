/** A read of a large body takes this much: half of what a byte costs is the calls and wake-ups that come with a read. */
export const largeBufferSize = 2 * 1024 * 1024

/** Buffers for reading large bodies, as many as a process may have. Whoever gets none reads with a small one. */
export class LargeBuffers {
  readonly #free: Buffer[] = []
  #left: number

  constructor(most: number) {
    this.#left = most
  }

  take(): Buffer | undefined {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#left === 0) return undefined
    this.#left -= 1
    return Buffer.allocUnsafeSlow(largeBufferSize)
  }

  /** Gives back one that nothing refers to. */
  give(buffer: Buffer): void {
    this.#free.push(buffer)
  }

  /** Gives back the right to one that something may still refer to. */
  forget(): void {
    this.#left += 1
  }
}
