import type { GatheredPiece, Gatherer } from '../gathering/gatherer.ts'
import type { ObjectHeaders } from '../objects/object-headers.ts'
import { Objects } from '../objects/objects.ts'
import { PartsInFlight } from './parts-in-flight.ts'
import { leastPart, mostParts } from '../s3-settings.ts'
import { sendPiece } from './send-piece.ts'
import type { SharedBuffers } from '../gathering/shared-buffers.ts'
import type { Store } from '../requests/store.ts'

export interface WriteOptions {
  readonly store: Store
  readonly buffers: SharedBuffers
  readonly headers: ObjectHeaders
  readonly checksums: boolean
  /** The key is that of a digest. */
  readonly isNamedByContent?: boolean
}

/**
 * Writes what `gatherer` hands out to one object: by one request where it is one piece, else in parts, several at a time
 * while the next is gathered. The object is there when all of it is. It ends with the content, where a piece is so short
 * that only a last part can be so, or where it has all the parts that there may be.
 *
 * @param first was handed out already
 * @returns the object's size in bytes
 * @throws the content's error; nothing is left then
 */
export async function writeObject(
  options: WriteOptions,
  key: string,
  gatherer: Gatherer,
  first: GatheredPiece,
): Promise<number> {
  if (isEnd(first)) return putPiece(options, key, first)
  const parts = new PartsInFlight(options, key)
  try {
    for (let piece = first; piece.size > 0; piece = await gatherer.next()) {
      await parts.send(piece)
      if (isEnd(piece) || parts.count === mostParts) break
    }
    return await parts.complete()
  } catch (error) {
    await parts.abort()
    throw error
  }
}

/** Writes a piece to an object of its own; what it has taken is given back, in any case. @returns its size in bytes */
export async function putPiece(
  { store, buffers, headers, checksums }: WriteOptions,
  key: string,
  piece: GatheredPiece,
): Promise<number> {
  await sendPiece(buffers, piece, (onAgain) => new Objects(store).put(key, piece, { headers, checksums, onAgain }))
  return piece.size
}

/** Whether no part can come after it. */
function isEnd({ isLast, size }: GatheredPiece): boolean {
  return isLast || size < leastPart
}
