import { InFlight } from '@berth/storage'
import type { GatheredPiece } from '../gathering/gatherer.ts'
import { sendPiece } from './send-piece.ts'
import type { SharedBuffers } from '../gathering/shared-buffers.ts'

/** Maximum number of pieces of one object, or of one request, that are sent at once. */
const piecesInFlight = 4

/** Sends pieces to the store, several at once. Each piece gives back the memory that it has taken. */
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
      if (!isBegun) this.#buffers.give(piece.taken, piece.share)
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
