import type { ByteStream } from '@berth/bytes'
import { untilAborted } from '@berth/storage'
import type { Piece } from './piece.ts'
import type { PieceBytes } from './piece-bytes.ts'
import { PieceContent } from './piece-content.ts'
import type { BufferShare, SharedBuffers } from './shared-buffers.ts'

/** Bytes to be sent in one request. `taken` bytes of the buffers belong to them, and are given back once they are sent. */
export interface GatheredPiece extends Piece {
  readonly taken: number
  /** Whose bytes they are; `undefined`: the process's own. */
  readonly share: BufferShare | undefined
  /** Memory that may be used again once nothing refers to it. */
  readonly blocks: readonly Uint8Array[]
  /** So many bytes it had to have; fewer where it was asked for, or is the last. */
  readonly least: number
  /** The content is over, as far as it is known. */
  readonly isLast: boolean
}

/** Bytes. */
export interface PieceSize {
  /** The size of a piece, but for the last. */
  readonly most: number
  /** While others wait, a piece is handed out that has so much; it has less where it was asked for. */
  readonly least: number
}

export interface GathererOptions {
  readonly buffers: SharedBuffers
  readonly pieceSize: (index: number) => PieceSize
  /** Key under which the client's bytes are counted. */
  readonly share?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Cuts a stream into pieces. Bytes are taken as they come, and handed out when others have more need of them than the
 * client has of time.
 */
export class Gatherer {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #options: GathererOptions
  #index = 0
  /** Came already, and is in no piece. */
  #ahead: Uint8Array | undefined
  /** Was not waited for to its end. */
  #pending: Promise<IteratorResult<Uint8Array>> | undefined
  #isOver = false

  constructor(content: ByteStream, options: GathererOptions) {
    this.#source = untilAborted(content, options.signal)[Symbol.asyncIterator]()
    this.#options = options
  }

  /** Whether all has been handed out. */
  get isOver(): boolean {
    return this.#isOver && this.#ahead === undefined
  }

  /**
   * @param onGrown told of the piece, and of what it holds of the buffers, whenever there is more of it
   * @returns a piece; one without bytes where the stream ended where the last piece did
   */
  async next(onGrown?: (content: PieceContent, bytes: PieceBytes) => void): Promise<GatheredPiece> {
    const { buffers, pieceSize, share, signal } = this.#options
    const { most, least } = pieceSize(this.#index)
    this.#index += 1
    const bytes = buffers.begin(share)
    const content = new PieceContent(buffers.blocks)
    try {
      for (let chunk = await this.#read(bytes); chunk !== undefined; chunk = await this.#read(bytes)) {
        this.#ahead = chunk
        const missing = most - content.size
        if (missing === 0) break
        const part = chunk.byteLength > missing ? chunk.subarray(0, missing) : chunk
        if (!(await bytes.grow(part.byteLength, least, signal))) break
        this.#ahead = part === chunk ? undefined : chunk.subarray(part.byteLength)
        content.add(part)
        onGrown?.(content, bytes)
        if (part !== chunk) break
      }
      const { chunks, size, blocks } = content
      return { chunks, size, blocks, taken: bytes.end(), share: bytes.share, least, isLast: this.isOver }
    } catch (error) {
      buffers.give(bytes.end(), bytes.share)
      throw error
    }
  }

  /** Lets the source go, if it is not at its end. */
  async release(): Promise<void> {
    this.#ahead = undefined
    if (this.#isOver) return
    this.#isOver = true
    const released = Promise.resolve(this.#source.return?.())
    released.catch(() => {})
    // A generator that waits for its client answers only after that.
    if (this.#pending === undefined) await released
  }

  async #read(bytes: PieceBytes): Promise<Uint8Array | undefined> {
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead !== undefined) return ahead
    while (!this.#isOver) {
      this.#pending ??= this.#source.next()
      const step = await bytes.unlessAsked(this.#pending).catch((error: unknown) => {
        this.#isOver = true
        throw error
      })
      if (step === undefined) return undefined
      this.#pending = undefined
      if (step.done === true) this.#isOver = true
      else if (step.value.byteLength > 0) return step.value
    }
    return undefined
  }
}
