import type { PieceSize } from './gatherer.ts'
import { leastPart, mostParts } from '../s3-settings.ts'

/** Of the buffers a piece has no more than several may have. */
const shareOfBuffers = 1 / 4
/** After so many pieces of content whose size is not known they are twice as long. */
const doubledAfter = 1000

/** The most that can be written in the parts of one object. */
export function mostInParts(chunkSize: number, buffers: number): number {
  return mostParts * Math.max(chunkSize, Math.floor(buffers * shareOfBuffers))
}

/**
 * How long the pieces of `size` bytes are, each of which is to be an object of its own: alike, as the last is on its way
 * for longest when all has come.
 *
 * @param longest bytes
 */
export function evenPieceSize(longest: number, size: number): PieceSize {
  const count = Math.max(1, Math.ceil(size / longest))
  const even = Math.ceil(size / count)
  // What is too short to be a part is sent again in the end.
  const isLastLong = size - (count - 1) * even >= leastPart
  return { most: isLastLong ? even : longest, least: leastPart }
}

/**
 * The longest piece that is an object of its own. One that is sent as it comes is as long as two others, as far
 * as the buffers go, for fewer requests.
 */
export function longestOwnPiece(chunkSize: number, isSentEarly: boolean, buffers: number): number {
  const wanted = isSentEarly ? 2 * chunkSize : chunkSize
  return Math.max(leastPart, Math.min(wanted, Math.floor(buffers * shareOfBuffers)))
}

/**
 * How long the pieces of a whole object are: so that it has no more parts than there may be.
 *
 * @param size of the object, where it is known
 * @param buffers that all pieces share, bytes
 */
export function pieceSizes(chunkSize: number, size: number | undefined, buffers: number): (index: number) => PieceSize {
  const longest = Math.max(chunkSize, Math.floor(buffers * shareOfBuffers))
  if (size !== undefined) {
    const least = Math.max(leastPart, Math.min(longest, Math.ceil(size / mostParts)))
    return () => ({ most: Math.max(chunkSize, least), least })
  }
  return (index) => {
    const doubled = chunkSize * 2 ** Math.floor(index / doubledAfter)
    return { most: Math.min(longest, doubled), least: Math.max(leastPart, Math.min(longest, doubled) / 2) }
  }
}
