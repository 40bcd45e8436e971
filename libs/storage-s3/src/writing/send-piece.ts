import type { GatheredPiece } from '../gathering/gatherer.ts'
import type { SharedBuffers } from '../gathering/shared-buffers.ts'

/**
 * Sends a piece. What it has taken is given back in any case, and its memory where nothing can refer to it any more.
 *
 * @param send to call `onAgain` where the piece may be sent more than once: bytes of it may still be on their way then
 */
export async function sendPiece(
  buffers: SharedBuffers,
  piece: GatheredPiece,
  send: (onAgain: () => void) => Promise<void>,
): Promise<void> {
  let isSentOnce = true
  try {
    await send(() => {
      isSentOnce = false
    })
    if (isSentOnce) buffers.blocks.give(piece.blocks)
  } finally {
    buffers.give(piece.taken, piece.share)
  }
}
