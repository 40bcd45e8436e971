/** Bytes of a block. */
export const blockSize = 256 * 1024
/** Bytes of free blocks that are kept. */
const mostFree = 32 * 1024 * 1024

/**
 * Memory for long pieces, which is used again. Bytes come in buffers of 64 KiB, which V8 frees cheaply as long as they are
 * young; those that wait for the store would become old, and be freed by full collections alone, one for every few
 * mebibytes. Measured over chunks of 16 MiB: marking for these took a third of the process's CPU time.
 */
export class BlockPool {
  readonly #free: Uint8Array[] = []

  take(): Uint8Array {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(blockSize)
  }

  /** Nothing may refer to them any more; those that something may refer to are left to the garbage collector. */
  give(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) if (this.#free.length * blockSize < mostFree) this.#free.push(block)
  }
}
