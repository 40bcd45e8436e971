import type { ByteRange, ByteStream } from '@berth/bytes'
import type { SendPiece } from '@berth/storage'

/** Maximum number of bytes between two ranges that one request asks for: to skip them takes less than another request. */
const maxGap = 256 * 1024

/** Pieces whose ranges one request asks for. */
export interface PieceRun {
  readonly pieces: readonly SendPiece[]
  /** From the first byte of the first range to the last byte of the last. */
  readonly range: ByteRange
}

/** Groups pieces, in their order, so that ranges that ascend and are close to each other are one request. */
export function groupPieces(pieces: readonly SendPiece[]): readonly PieceRun[] {
  const runs: { pieces: SendPiece[]; range: { start: number; end: number } }[] = []
  let leading: SendPiece[] = []
  for (const piece of pieces) {
    const run = runs.at(-1)
    if (piece instanceof Uint8Array) {
      if (run === undefined) leading.push(piece)
      else run.pieces.push(piece)
    } else if (run !== undefined && piece.start >= run.range.end && piece.start - run.range.end <= maxGap) {
      run.pieces.push(piece)
      run.range.end = piece.end
    } else {
      runs.push({ pieces: [...leading, piece], range: { start: piece.start, end: piece.end } })
      leading = []
    }
  }
  return runs
}

/** The pieces of a run, cut out of its content. */
export async function* cutPieces({ pieces, range }: PieceRun, content: ByteStream): ByteStream {
  const source = content[Symbol.asyncIterator]()
  let chunk: Uint8Array = new Uint8Array()
  let position = range.start
  try {
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        yield piece
        continue
      }
      while (position < piece.end) {
        if (chunk.byteLength === 0) {
          const step = await source.next()
          if (step.done === true) throw new Error('the content was cut short')
          chunk = step.value
        }
        const skipped = Math.min(chunk.byteLength, Math.max(0, piece.start - position))
        const taken = Math.min(chunk.byteLength - skipped, piece.end - position - skipped)
        if (taken > 0) yield chunk.subarray(skipped, skipped + taken)
        chunk = chunk.subarray(skipped + taken)
        position += skipped + taken
      }
    }
  } finally {
    await source.return?.()
  }
}
