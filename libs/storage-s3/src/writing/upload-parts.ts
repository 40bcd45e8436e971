import type { ByteStream } from '@berth/bytes'
import { type AppendOptions, layout, type Part, type StoragePath } from '@berth/storage'
import { AppendedParts, newPartName } from './appended-parts.ts'
import { type EarlyPut, EarlyPuts } from './early-put.ts'
import { type GatheredPiece, Gatherer } from '../gathering/gatherer.ts'
import { type JoinOptions, joinObjects, readSlices } from './join-objects.ts'
import type { Keys } from '../objects/keys.ts'
import type { Objects } from '../objects/objects.ts'
import { PiecesInFlight } from './pieces-in-flight.ts'
import { evenPieceSize, longestOwnPiece } from '../gathering/piece-size.ts'
import { leastPart } from '../s3-settings.ts'
import { writeObject } from './write-object.ts'

export interface UploadPartsOptions extends JoinOptions {
  readonly keys: Keys
  readonly objects: Objects
  /** Of what is sent in one request, bytes; twice as much where it is sent as it comes. */
  readonly chunkSize: number
  /** So many parts an upload may have before some are joined. */
  readonly mostParts: number
}

/**
 * Content of so many pieces, or fewer, is in parts of a piece each, and no request is needed to make one of them. Of more
 * pieces that would take more requests in the end, when parts are copied.
 */
const mostOwnPieces = 4
/** What is joined already is long enough to be left alone. */
const joinedSize = 1024 * 1024 * 1024

/** The parts of uploads: objects of their own below the upload's directory, each written by one request. */
export class UploadParts {
  readonly #options: UploadPartsOptions
  readonly #earlyPuts: EarlyPuts

  constructor(options: UploadPartsOptions) {
    this.#options = options
    this.#earlyPuts = new EarlyPuts(options)
  }

  /** @returns the parts with those that were written after them; short ones may be joined with what comes */
  async append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    { size = Infinity, share, signal }: AppendOptions,
  ): Promise<readonly Part[]> {
    const { buffers, chunkSize, mostParts, checksums } = this.#options
    const longest = longestOwnPiece(chunkSize, !checksums, buffers.limit)
    const isOfFew = size <= mostOwnPieces * longest
    const pieceSize = isOfFew ? evenPieceSize(longest, size) : { most: chunkSize, least: leastPart }
    const gatherer = new Gatherer(content, { buffers, pieceSize: () => pieceSize, share, signal })
    const appended = new AppendedParts(parts)
    try {
      if (isOfFew) await this.#appendPieces(area, appended, gatherer, { size, pieceSize: pieceSize.most })
      else await this.#appendObjects(area, appended, gatherer)
    } catch (error) {
      await this.remove(area, appended.begun).catch(() => {})
      throw error
    } finally {
      await gatherer.release()
    }
    const { all } = appended
    // All is stored; what could not be joined now is joined with what comes.
    return all.length <= mostParts ? all : this.#joinOldest(area, all).catch(() => all)
  }

  /** Makes one object of parts. */
  async joinInto(options: JoinOptions, area: StoragePath, parts: readonly Part[], key: string): Promise<void> {
    await joinObjects(options, this.#sources(area, parts), key)
  }

  async remove(area: StoragePath, names: readonly string[]): Promise<void> {
    await this.#options.objects.remove(names.map((name) => ({ key: this.#keyOf(area, name) })))
  }

  /** Each piece by a request of its own, which may begin before all of the piece is there. */
  async #appendPieces(
    area: StoragePath,
    appended: AppendedParts,
    gatherer: Gatherer,
    { size, pieceSize }: { readonly size: number; readonly pieceSize: number },
  ): Promise<void> {
    const { buffers, objects, headers, checksums } = this.#options
    const sending = new PiecesInFlight(buffers)
    let latest: EarlyPut | undefined
    let left = size
    try {
      do {
        const name = appended.begin()
        const key = this.#keyOf(area, name)
        const put = this.#earlyPuts.expect(key, Math.min(left, pieceSize))
        latest = put
        const next = await gatherer.next(put.onGrown)
        if (next.size === 0) break
        left -= next.size
        const { piece, joined } = await this.#withShortParts(area, appended, next)
        appended.add({ name, size: piece.size }, joined)
        await sending.add(piece, async (onAgain) => {
          if (await put.isDone()) return
          if (put.isBegun) onAgain()
          await objects.put(key, piece, { headers, checksums, onAgain })
        })
      } while (!gatherer.isOver)
      await sending.finish()
    } catch (error) {
      latest?.giveUp()
      await Promise.all([latest?.isDone(), sending.settle()])
      throw error
    }
  }

  /** Pieces together in objects, as long as they can be. */
  async #appendObjects(area: StoragePath, appended: AppendedParts, gatherer: Gatherer): Promise<void> {
    do {
      const next = await gatherer.next()
      if (next.size === 0) break
      const { piece, joined } = await this.#withShortParts(area, appended, next)
      const name = appended.begin()
      const size = await writeObject(this.#options, this.#keyOf(area, name), gatherer, piece)
      appended.add({ name, size }, joined)
    } while (!gatherer.isOver)
  }

  /**
   * The piece after the short parts that are before it: those that are no longer than what they are joined with, so that
   * no byte is sent again more often than there are doublings up to a whole part.
   */
  async #withShortParts(
    area: StoragePath,
    { all, isEmpty }: AppendedParts,
    piece: GatheredPiece,
  ): Promise<{ readonly piece: GatheredPiece; readonly joined: number }> {
    const isOnly = piece.isLast && isEmpty
    let size = piece.size
    let joined = 0
    for (const part of isOnly && size < leastPart ? all.toReversed() : []) {
      if (part.size >= leastPart || part.size > size) break
      size += part.size
      joined += 1
    }
    const taken = joined === 0 ? undefined : this.#options.buffers.tryTake(size - piece.size, piece.share)
    if (taken === undefined) return { piece, joined: 0 }
    try {
      const sources = this.#sources(area, all.slice(-joined))
      const before = await readSlices(
        this.#options.store,
        sources.map((source) => ({ source, range: { start: 0, end: source.size } })),
      )
      return { piece: { ...piece, chunks: [...before, ...piece.chunks], size, taken: piece.taken + taken }, joined }
    } catch (error) {
      this.#options.buffers.give(taken + piece.taken, piece.share)
      throw error
    }
  }

  /** Makes one of the oldest parts that are not joined yet: a checkpoint names all parts, and a blob has only so many. */
  async #joinOldest(area: StoragePath, parts: readonly Part[]): Promise<readonly Part[]> {
    const start = parts.findIndex(({ size }) => size < joinedSize)
    // The latest may be short still, and what comes is joined with those.
    const end = parts.length - Math.floor(this.#options.mostParts / 10)
    if (start < 0 || end - start < 2) return parts
    const oldest = parts.slice(start, end)
    const name = newPartName()
    await this.joinInto(this.#options, area, oldest, this.#keyOf(area, name))
    const size = oldest.reduce((sum, part) => sum + part.size, 0)
    return [...parts.slice(0, start), { name, size }, ...parts.slice(end)]
  }

  #sources(area: StoragePath, parts: readonly Part[]) {
    return parts.map(({ name, size }) => ({ key: this.#keyOf(area, name), size }))
  }

  #keyOf(area: StoragePath, name: string): string {
    return this.#options.keys.of(layout.below(area, name))
  }
}
