import { type BlockPool, blockSize } from './block-pool.ts'

/** Chunks are put together up to here: each costs some memory beside its bytes. */
const shortChunk = 4096
/** Bytes from which a piece is in blocks: of shorter ones most of the last block would be empty. */
const longPiece = 4 * blockSize

/** The bytes of a piece as they come. Those of a long one are copied to blocks, and what they came in is let go. */
export class PieceContent {
  readonly #pool: BlockPool
  readonly #chunks: Uint8Array[] = []
  readonly #blocks: Uint8Array[] = []
  /** Of the last block, as far as it is filled. */
  #filled = blockSize
  #size = 0

  constructor(pool: BlockPool) {
    this.#pool = pool
  }

  /** All bytes, in their order. Once it is in blocks, what is there stays as it is, but that the last may become longer. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks
  }

  /** What is to be given back to the pool, or left to the garbage collector. */
  get blocks(): readonly Uint8Array[] {
    return this.#blocks
  }

  get isInBlocks(): boolean {
    return this.#blocks.length > 0
  }

  /** Bytes. */
  get size(): number {
    return this.#size
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength
    if (this.#size < longPiece) return this.#keep(chunk)
    if (!this.isInBlocks) for (const kept of this.#chunks.splice(0)) this.#copy(kept)
    this.#copy(chunk)
  }

  #keep(chunk: Uint8Array): void {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.byteLength + chunk.byteLength <= shortChunk) {
      const both = new Uint8Array(last.byteLength + chunk.byteLength)
      both.set(last)
      both.set(chunk, last.byteLength)
      this.#chunks[this.#chunks.length - 1] = both
    } else this.#chunks.push(chunk)
  }

  #copy(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength;) {
      if (this.#filled === blockSize) this.#begin()
      const block = this.#blocks.at(-1) as Uint8Array
      const part = chunk.subarray(at, at + blockSize - this.#filled)
      block.set(part, this.#filled)
      this.#filled += part.byteLength
      this.#chunks[this.#chunks.length - 1] = block.subarray(0, this.#filled)
      at += part.byteLength
    }
  }

  #begin(): void {
    const block = this.#pool.take()
    this.#blocks.push(block)
    this.#chunks.push(block.subarray(0, 0))
    this.#filled = 0
  }
}
