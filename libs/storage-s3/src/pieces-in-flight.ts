import type { GatheredPiece } from './gatherer.ts'
import { InFlight } from './in-flight.ts'
import { sendPiece } from './send-piece.ts'
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
   * Sends a piece, as `sendPiece` does, once there is room for it; what it has taken is given back, in any case.
   *
   * @throws Error one of the pieces before could not be sent
   */
  async add(piece: GatheredPiece, send: (onAgain: () => void) => Promise<void>): Promise<void> {
    let isBegun = false
    try {
      await this.#inFlight.add(async () => {
        isBegun = true
        await sendPiece(this.#buffers, piece, send)
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
}
