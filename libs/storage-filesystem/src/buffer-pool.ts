import { ByteBudget, type ByteShare } from '@berth/bytes'

/** A buffer out of the pool, with what it has of the budget. */
export interface PooledBuffer {
  readonly bytes: Buffer
  readonly taken: number
}

/** Size in bytes of the buffers that are waited for. Larger ones are for speed, and taken only while they are free. */
export const smallBuffer = 16 * 1024

/** Buffers that are used again. All that are out are within the budget. */
export class BufferPool {
  readonly #budget: ByteBudget
  /** Limits the large buffers to half of the budget: stuck ones leave the other half to small ones. */
  readonly #large: ByteBudget
  readonly #idle: IdleBuffers

  constructor(budget: ByteBudget, maxIdleBytes: number) {
    this.#budget = budget
    this.#large = new ByteBudget(budget.limit / 2)
    this.#idle = new IdleBuffers(maxIdleBytes)
  }

  /** The buffers for one share of the budget; without a key, for the process itself. */
  share(key: string | undefined): SharedPool {
    return new SharedPool(this.#idle, this.#budget.share(key), this.#large.share(key))
  }
}

/** The pool, as one share of the budget may use it. A buffer is given back to the share that it came from. */
export class SharedPool {
  readonly #idle: IdleBuffers
  readonly #budget: ByteShare
  readonly #large: ByteShare

  constructor(idle: IdleBuffers, budget: ByteShare, large: ByteShare) {
    this.#idle = idle
    this.#budget = budget
    this.#large = large
  }

  /** @returns a buffer of `size` bytes, or `undefined` if none is free now */
  tryTake(size: number): PooledBuffer | undefined {
    const isLarge = size > smallBuffer
    if (isLarge && (size > this.#large.limit || this.#large.tryTake(size) === undefined)) return undefined
    const taken = this.#budget.tryTake(size)
    if (taken !== undefined) return { bytes: this.#idle.take(size), taken }
    if (isLarge) this.#large.give(size)
    return undefined
  }

  /** Waits for a small buffer. @throws as `ByteShare.take` */
  async take(signal?: AbortSignal): Promise<PooledBuffer> {
    const taken = await this.#budget.take(smallBuffer, signal)
    return { bytes: this.#idle.take(smallBuffer), taken }
  }

  /** Gives back a buffer that nothing reads or writes any more. */
  give(buffer: PooledBuffer): void {
    this.drop(buffer)
    this.#idle.keep(buffer.bytes)
  }

  /** Gives back what a buffer has of the budget. Its bytes, which may still be read, are never used again. */
  drop({ bytes, taken }: PooledBuffer): void {
    this.#budget.give(taken)
    if (bytes.byteLength > smallBuffer) this.#large.give(bytes.byteLength)
  }
}

/** Buffers that are not out, by size. */
class IdleBuffers {
  readonly #bySize = new Map<number, Buffer[]>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  take(size: number): Buffer {
    const idle = this.#bySize.get(size)?.pop()
    if (idle === undefined) return Buffer.allocUnsafeSlow(size)
    this.#bytes -= size
    return idle
  }

  keep(buffer: Buffer): void {
    const size = buffer.byteLength
    if (this.#bytes + size > this.#maxBytes) return
    const idle = this.#bySize.get(size)
    if (idle === undefined) this.#bySize.set(size, [buffer])
    else idle.push(buffer)
    this.#bytes += size
  }
}
