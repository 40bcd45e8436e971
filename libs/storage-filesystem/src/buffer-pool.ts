import type { ByteBudget } from '@berth/bytes'

/** A buffer out of the pool, with what it has of the budget. */
export interface PooledBuffer {
  readonly bytes: Buffer
  readonly taken: number
}

/** Larger buffers are a matter of speed, smaller ones of going on at all. */
export const smallBuffer = 16 * 1024

/**
 * Buffers that are used again, by size. All that are out are within the budget, the larger ones within half of it: what
 * is stuck in them does not keep others from going on with small ones. Few are kept that are not out.
 */
export class BufferPool {
  readonly #budget: ByteBudget
  readonly #idle = new Map<number, Buffer[]>()
  readonly #maxIdleBytes: number
  #idleBytes = 0
  #largeBytes = 0

  constructor(budget: ByteBudget, maxIdleBytes: number) {
    this.#budget = budget
    this.#maxIdleBytes = maxIdleBytes
  }

  /** @returns a buffer of `size` bytes, or `undefined` where there is none to be had at once */
  tryTake(size: number): PooledBuffer | undefined {
    const isLarge = size > smallBuffer
    if (isLarge && this.#largeBytes + size > this.#budget.limit / 2) return undefined
    const taken = this.#budget.tryTake(size)
    if (taken === undefined) return undefined
    if (isLarge) this.#largeBytes += size
    return { bytes: this.#bufferOf(size), taken }
  }

  /** Waits for a small buffer. */
  async take(signal?: AbortSignal): Promise<PooledBuffer> {
    const taken = await this.#budget.take(smallBuffer, signal)
    return { bytes: this.#bufferOf(smallBuffer), taken }
  }

  /** Gives back a buffer that nobody reads or writes any more. */
  give(buffer: PooledBuffer): void {
    this.drop(buffer)
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
    if (buffer.bytes.byteLength > smallBuffer) this.#largeBytes -= buffer.bytes.byteLength
  }

  #bufferOf(size: number): Buffer {
    const idle = this.#idle.get(size)?.pop()
    if (idle === undefined) return Buffer.allocUnsafeSlow(size)
    this.#idleBytes -= size
    return idle
  }
}
