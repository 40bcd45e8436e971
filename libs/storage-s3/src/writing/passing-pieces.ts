import { randomUUID } from 'node:crypto'
import type { GatheredPiece } from '../gathering/gatherer.ts'
import { readSlices } from './join-objects.ts'
import type { Source } from './join-plan.ts'
import { Objects } from '../objects/objects.ts'
import type { Piece } from '../gathering/piece.ts'
import { putPiece, type WriteOptions } from './write-object.ts'

/**
 * Pieces that had to be handed out before they were long enough to be parts of an object: each is in an object of its
 * own until there is enough behind it. To be released in the end.
 */
export class PassingPieces {
  readonly #options: WriteOptions
  readonly #directory: string
  #sources: Source[] = []
  #size = 0

  /** @param directory what the keys of those objects begin with */
  constructor(options: WriteOptions, directory: string) {
    this.#options = options
    this.#directory = directory
  }

  /** Bytes. */
  get size(): number {
    return this.#size
  }

  /** Lets a piece pass; what it has taken is given back, in any case. */
  async add(piece: GatheredPiece): Promise<void> {
    if (piece.size === 0) return
    const key = `${this.#directory}passing.${randomUUID()}`
    this.#sources.push({ key, size: piece.size })
    this.#size += piece.size
    await putPiece(this.#options, key, piece)
  }

  /** Puts what has passed in front of a piece. What that has taken is given back where this fails. */
  async before(piece: GatheredPiece): Promise<GatheredPiece> {
    if (this.#size === 0) return piece
    const { buffers } = this.#options
    const taken = buffers.tryTakeFirst(this.#size, piece.share)
    if (taken !== undefined) return this.#readBefore({ ...piece, taken: piece.taken + taken })
    // Nobody waits for buffers while holding some that are not to be asked for.
    await this.add(piece)
    return this.all(piece)
  }

  /** All that has passed, once there are buffers for it. @param last of it */
  async all(last: GatheredPiece): Promise<GatheredPiece> {
    const taken = await this.#options.buffers.take(this.#size)
    return this.#readBefore({ ...last, chunks: [], blocks: [], size: 0, taken, share: undefined })
  }

  /** Removes the objects. Never rejects: what cannot be removed is left to the purge. */
  async release(): Promise<void> {
    await this.#remove(this.#sources)
  }

  async #readBefore(piece: GatheredPiece): Promise<GatheredPiece> {
    const sources = this.#sources
    let chunks: Piece['chunks']
    try {
      chunks = await readSlices(
        this.#options.store,
        sources.map((source) => ({ source, range: { start: 0, end: source.size } })),
      )
    } catch (error) {
      this.#options.buffers.give(piece.taken, piece.share)
      throw error
    }
    const size = this.#size + piece.size
    this.#sources = []
    this.#size = 0
    await this.#remove(sources)
    return { ...piece, chunks: [...chunks, ...piece.chunks], size }
  }

  async #remove(sources: readonly Source[]): Promise<void> {
    if (sources.length === 0) return
    await new Objects(this.#options.store).remove(sources.map(({ key }) => ({ key }))).catch(() => {})
  }
}
