import type { GatheredPiece } from './gatherer.ts'
import { InFlight } from './in-flight.ts'
import type { SharedBuffers } from './shared-buffers.ts'

/** Pieces on their way at a time: of one object, or of one request. */
const piecesInFlight = 4

/** Pieces on their way to the store, several at a time, each of which gives back what it has taken. */
export class PiecesInFlight {
  readonly #buffers: SharedBuffers
  readonly #inFlight = new InFlight(piecesInFlight)

  constructor(buffers: SharedBuffers) {
    this.#buffers = buffers
  }

  /**
   * Sends a piece, once there is room for it; what it has taken is given back, in any case.
   *
   * @param send to call `onAgain` where it may be sent more than once: parts of its memory may still be on their way then
   * @throws Error one of the pieces before could not be sent
   */
  async add(piece: GatheredPiece, send: (onAgain: () => void) => Promise<void>): Promise<void> {
    let isBegun = false
    try {
      await this.#inFlight.add(async () => {
        isBegun = true
        await this.#send(piece, send)
      })
    } finally {
      if (!isBegun) this.#buffers.give(piece.taken)
    }
  }

  /** Until none is on its way. Never rejects. */
  settle(): Promise<void> {
    return this.#inFlight.settle()
  }

  /** Until all are sent. @throws Error one could not be sent */
  async finish(): Promise<void> {
    await this.settle()
    this.#inFlight.throwIfFailed()
  }

  async #send(piece: GatheredPiece, send: (onAgain: () => void) => Promise<void>): Promise<void> {
    let isSentOnce = true
    try {
      await send(() => {
        isSentOnce = false
      })
      if (isSentOnce) this.#buffers.blocks.give(piece.blocks)
    } finally {
      this.#buffers.give(piece.taken)
    }
  }
}
