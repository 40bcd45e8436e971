import type { GatheredPiece, Gatherer } from '../gathering/gatherer.ts'
import { PartsInFlight } from './parts-in-flight.ts'
import { PassingPieces } from './passing-pieces.ts'
import { mostParts } from '../s3-settings.ts'
import { StoreError } from '../requests/store-fault.ts'
import { putPiece, type WriteOptions } from './write-object.ts'

export interface WriteWholeOptions extends WriteOptions {
  /** For pieces that are too short. */
  readonly passing: WriteOptions & { readonly directory: string }
}

/**
 * Writes all that `gatherer` hands out to one object, which is there when all of it is: by one request where it is one
 * piece, else in parts, several at a time while the next is gathered. Nothing is sent twice, but for pieces that were
 * handed out too short.
 *
 * @throws the content's error; nothing is left then
 */
export async function writeWhole(options: WriteWholeOptions, key: string, gatherer: Gatherer): Promise<void> {
  const passing = new PassingPieces(options.passing, options.passing.directory)
  let parts: PartsInFlight | undefined
  try {
    let isOver = false
    while (!isOver) {
      const piece = await nextPart(gatherer, passing)
      isOver = piece.isLast
      if (isOver && parts === undefined) {
        await putPiece(options, key, piece)
        return
      }
      parts ??= new PartsInFlight(options, key)
      if (piece.size > 0) await parts.send(piece)
      if (!isOver && parts.count === mostParts) throw new StoreError('UploadPart', new Error('the content is too long'))
    }
    await parts?.complete()
  } catch (error) {
    await parts?.abort()
    throw error
  } finally {
    await passing.release()
  }
}

/** A piece that is long enough to be a part, or the last. */
async function nextPart(gatherer: Gatherer, passing: PassingPieces): Promise<GatheredPiece> {
  for (;;) {
    const piece = await gatherer.next()
    if (piece.isLast || piece.size >= piece.least) return passing.before(piece)
    await passing.add(piece)
    if (passing.size >= piece.least) return passing.all(piece)
  }
}
