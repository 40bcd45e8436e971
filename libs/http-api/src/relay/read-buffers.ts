/** What a read takes at most while a body goes by: the fewer reads, the less each byte costs. */
const largeSize = 256 * 1024

/** So many bodies are read in large pieces at a time; others go by in small ones. */
const maxLarge = 64

/** The large buffers to read into, shared by all connections to nodes. */
export class ReadBuffers {
  readonly #free: Buffer[] = []
  #made = 0

  /** @returns `undefined` where none is free */
  take(): Buffer | undefined {
    const buffer = this.#free.pop()
    if (buffer !== undefined || this.#made === maxLarge) return buffer
    this.#made++
    return Buffer.allocUnsafeSlow(largeSize)
  }

  give(buffer: Buffer): void {
    this.#free.push(buffer)
  }

  /** One is lost, as something may refer to it still. */
  drop(): void {
    this.#made--
  }
}
