import type { ByteBudget } from '@berth/bytes'
import type { GatheredPiece, Gatherer } from './gatherer.ts'
import { InFlight } from './in-flight.ts'
import { MultipartUpload } from './multipart-upload.ts'
import type { ObjectHeaders } from './object-headers.ts'
import { Objects } from './objects.ts'
import { leastPart } from './s3-settings.ts'
import type { Store } from './store.ts'

/** Parts of one object on their way at a time. */
const partsInFlight = 4

export interface WriteOptions {
  readonly store: Store
  readonly budget: ByteBudget
  readonly headers: ObjectHeaders
  readonly checksums: boolean
}

/**
 * Writes what `gatherer` hands out to one object: by one request where it is one piece, else in parts, several at a time
 * while the next is gathered. The object is there when all of it is. It ends with the content, or where the budget cuts
 * a piece so short that only a last part can be so.
 *
 * @param first was handed out already
 * @returns the object's size in bytes
 * @throws the content's error; nothing is left then
 */
export async function writeObject(
  { store, budget, headers, checksums }: WriteOptions,
  key: string,
  gatherer: Gatherer,
  first: GatheredPiece,
): Promise<number> {
  if (isEnd(first)) {
    try {
      await new Objects(store).put(key, first, { headers, checksums })
      return first.size
    } finally {
      budget.give(first.taken)
    }
  }
  const upload = new MultipartUpload(store, key, headers, checksums)
  const inFlight = new InFlight(partsInFlight)
  let unsent: GatheredPiece | undefined = first
  let size = 0
  try {
    for (let number = 1; unsent !== undefined; number += 1) {
      const piece: GatheredPiece = unsent
      await inFlight.add(async () => {
        try {
          await upload.send(number, piece)
        } finally {
          budget.give(piece.taken)
        }
      })
      unsent = undefined
      size += piece.size
      if (isEnd(piece)) break
      const next = await gatherer.next(() => inFlight.untilOneEnds())
      // What came to its end exactly where a piece did.
      if (next.size === 0) break
      unsent = next
    }
    await inFlight.settle()
    inFlight.throwIfFailed()
    await upload.complete()
    return size
  } catch (error) {
    budget.give(unsent?.taken ?? 0)
    await inFlight.settle()
    await upload.abort()
    throw error
  }
}

/** Whether no part can come after it. */
function isEnd({ isLast, size }: GatheredPiece): boolean {
  return isLast || size < leastPart
}
