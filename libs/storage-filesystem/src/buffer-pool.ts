import type { ByteBudget } from '@berth/bytes'

/** A buffer out of the pool, with what it has of the budget. */
export interface PooledBuffer {
  readonly bytes: Buffer
  readonly taken: number
}

/** Buffers that are used again, by size. All that are out are within the budget; few are kept that are not out. */
export class BufferPool {
  readonly #budget: ByteBudget
  readonly #idle = new Map<number, Buffer[]>()
  readonly #maxIdleBytes: number
  #idleBytes = 0

  constructor(budget: ByteBudget, maxIdleBytes: number) {
    this.#budget = budget
    this.#maxIdleBytes = maxIdleBytes
  }

  /** @returns a buffer of `size` bytes, or `undefined` where the budget has none at once */
  tryTake(size: number): PooledBuffer | undefined {
    const taken = this.#budget.tryTake(size)
    return taken === undefined ? undefined : { bytes: this.#bufferOf(size), taken }
  }

  /** Waits for a buffer of `size` bytes. */
  async take(size: number, signal?: AbortSignal): Promise<PooledBuffer> {
    const taken = await this.#budget.take(size, signal)
    return { bytes: this.#bufferOf(size), taken }
  }

  /** Gives back a buffer that nobody reads or writes any more. */
  give(buffer: PooledBuffer): void {
    this.#budget.give(buffer.taken)
    const size = buffer.bytes.byteLength
    if (this.#idleBytes + size > this.#maxIdleBytes) return
    const idle = this.#idle.get(size)
    if (idle === undefined) this.#idle.set(size, [buffer.bytes])
    else idle.push(buffer.bytes)
    this.#idleBytes += size
  }

  /** Gives back what a buffer has of the budget. Its bytes, which somebody may still read, are never used again. */
  drop(buffer: PooledBuffer): void {
    this.#budget.give(buffer.taken)
  }

  #bufferOf(size: number): Buffer {
    const idle = this.#idle.get(size)?.pop()
    if (idle === undefined) return Buffer.allocUnsafeSlow(size)
    this.#idleBytes -= size
    return idle
  }
}
