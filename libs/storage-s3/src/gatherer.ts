import type { ByteBudget, ByteStream } from '@berth/bytes'
import { untilAborted } from '@berth/storage'
import type { Piece } from './piece.ts'

/** Bytes to be sent in one request. `taken` is theirs of the budget, to be given back once they are sent. */
export interface GatheredPiece extends Piece {
  readonly taken: number
  /** The content is over, as far as it is known. */
  readonly isLast: boolean
}

export interface GathererOptions {
  readonly budget: ByteBudget
  /** Bytes of a piece, exactly, but for the last and those that the budget cuts short. */
  readonly pieceSize: (index: number) => number
  /**
   * What a piece cannot do with less than, in bytes: taken whole before it holds anything. 0 where a piece may be
   * of any size: then it has what it holds, and slow clients hold little.
   */
  readonly reserve: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Cuts a stream into pieces. Nobody waits for the budget with bytes in hand that could be on their way: a piece that can
 * have no more is handed out as it is.
 */
export class Gatherer {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #options: GathererOptions
  #index = 0
  /** Came already, and is in no piece. */
  #ahead: Uint8Array | undefined
  #isOver = false

  constructor(content: ByteStream, options: GathererOptions) {
    this.#source = untilAborted(content, options.signal)[Symbol.asyncIterator]()
    this.#options = options
  }

  /** Whether all has been handed out. */
  get isOver(): boolean {
    return this.#isOver && this.#ahead === undefined
  }

  /** @param hasInFlight whether pieces are on their way, for which it is worth waiting until they have given back */
  async next(untilSent: () => Promise<void> | undefined): Promise<GatheredPiece> {
    const { budget, pieceSize, reserve } = this.#options
    const limit = pieceSize(this.#index)
    this.#index += 1
    const chunks: Uint8Array[] = []
    let size = 0
    let taken = 0
    try {
      for (let chunk = await this.#read(); chunk !== undefined; chunk = await this.#read()) {
        if (size === limit) {
          this.#ahead = chunk
          break
        }
        const part = chunk.byteLength > limit - size ? chunk.subarray(0, limit - size) : chunk
        const wanted = size === 0 ? Math.max(Math.min(reserve, limit), part.byteLength) : size + part.byteLength - taken
        if (wanted > 0) {
          const more = await this.#take(wanted, size > 0, untilSent)
          if (more === undefined && size >= reserve) {
            this.#ahead = chunk
            break
          }
          taken += more ?? 0
        }
        chunks.push(part)
        size += part.byteLength
        if (part !== chunk) {
          this.#ahead = chunk.subarray(part.byteLength)
          break
        }
      }
      return { chunks, size, taken, isLast: this.isOver }
    } catch (error) {
      budget.give(taken)
      throw error
    }
  }

  /** Lets the source go, if it is not at its end. */
  async release(): Promise<void> {
    this.#ahead = undefined
    if (this.#isOver) return
    this.#isOver = true
    await this.#source.return?.()
  }

  /** @returns `undefined` where there would be a wait with bytes in hand */
  async #take(
    bytes: number,
    holdsAny: boolean,
    untilSent: () => Promise<void> | undefined,
  ): Promise<number | undefined> {
    const { budget, signal } = this.#options
    for (;;) {
      const taken = budget.tryTake(bytes)
      if (taken !== undefined) return taken
      if (!holdsAny) return budget.take(bytes, signal)
      const sent = untilSent()
      if (sent === undefined) return undefined
      await sent
    }
  }

  async #read(): Promise<Uint8Array | undefined> {
    const ahead = this.#ahead
    if (ahead !== undefined) {
      this.#ahead = undefined
      return ahead
    }
    while (!this.#isOver) {
      const step = await this.#source.next().catch((error: unknown) => {
        this.#isOver = true
        throw error
      })
      if (step.done === true) this.#isOver = true
      else if (step.value.byteLength > 0) return step.value
    }
    return undefined
  }
}
