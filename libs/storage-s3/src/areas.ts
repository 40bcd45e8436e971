import { randomUUID } from 'node:crypto'
import type { ByteStream } from '@berth/bytes'
import { layout, type Part, type StoragePath } from '@berth/storage'
import { type GatheredPiece, Gatherer } from './gatherer.ts'
import { type JoinOptions, joinObjects, readSlices } from './join-objects.ts'
import type { Keys } from './keys.ts'
import type { Objects } from './objects.ts'
import { leastPart } from './s3-settings.ts'
import { writeObject } from './write-object.ts'

export interface AreasOptions extends JoinOptions {
  readonly keys: Keys
  readonly objects: Objects
  /** Of what is sent in one request, bytes. */
  readonly chunkSize: number
  /** So many parts an upload may have before some are joined. */
  readonly mostParts: number
}

/** What is joined already is long enough to be left alone. */
const joinedSize = 1024 * 1024 * 1024

/** The parts of uploads: objects of their own below the upload's directory, each written by one request. */
export class Areas {
  readonly #options: AreasOptions

  constructor(options: AreasOptions) {
    this.#options = options
  }

  /** @returns the parts with those that were written after them; short ones may be joined with what comes */
  async append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    signal: AbortSignal | undefined,
  ): Promise<readonly Part[]> {
    const { buffers, chunkSize } = this.#options
    const gatherer = new Gatherer(content, {
      buffers,
      pieceSize: () => ({ most: chunkSize, least: leastPart }),
      signal,
    })
    const after = [...parts]
    const written: Part[] = []
    try {
      do {
        const first = await gatherer.next()
        if (first.size === 0) break
        const isShort = written.length === 0 && first.isLast && first.size < leastPart
        const { piece, joined } = isShort ? await this.#withShortParts(area, after, first) : { piece: first, joined: 0 }
        const part = await this.#write(area, gatherer, piece)
        written.push(part)
        after.splice(after.length - joined, joined, part)
      } while (!gatherer.isOver)
    } catch (error) {
      await this.remove(area, written).catch(() => {})
      throw error
    } finally {
      await gatherer.release()
    }
    if (after.length <= this.#options.mostParts) return after
    // All is stored; what could not be joined now is joined with what comes.
    return this.#joinOldest(area, after).catch(() => after)
  }

  /** Makes one object of parts. */
  async joinInto(options: JoinOptions, area: StoragePath, parts: readonly Part[], key: string): Promise<void> {
    await joinObjects(options, this.#sources(area, parts), key)
  }

  async remove(area: StoragePath, parts: readonly Part[]): Promise<void> {
    const { objects, keys } = this.#options
    await objects.remove(parts.map(({ name }) => ({ key: keys.of(layout.below(area, name)) })))
  }

  async #write(area: StoragePath, gatherer: Gatherer, piece: GatheredPiece): Promise<Part> {
    const name = newName()
    const size = await writeObject(this.#options, this.#options.keys.of(layout.below(area, name)), gatherer, piece)
    return { name, size }
  }

  /**
   * The piece after the short parts that are before it: those that are no longer than what they are joined with, so that
   * no byte is sent again more often than there are doublings up to a whole part.
   */
  async #withShortParts(
    area: StoragePath,
    parts: readonly Part[],
    piece: GatheredPiece,
  ): Promise<{ readonly piece: GatheredPiece; readonly joined: number }> {
    let size = piece.size
    let joined = 0
    for (const part of parts.toReversed()) {
      if (part.size >= leastPart || part.size > size) break
      size += part.size
      joined += 1
    }
    const taken = joined === 0 ? undefined : this.#options.buffers.tryTake(size - piece.size)
    if (taken === undefined) return { piece, joined: 0 }
    try {
      const sources = this.#sources(area, parts.slice(-joined))
      const before = await readSlices(
        this.#options.store,
        sources.map((source) => ({ source, range: { start: 0, end: source.size } })),
      )
      return { piece: { ...piece, chunks: [...before, ...piece.chunks], size, taken: piece.taken + taken }, joined }
    } catch (error) {
      this.#options.buffers.give(taken + piece.taken)
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
    const name = newName()
    await this.joinInto(this.#options, area, oldest, this.#options.keys.of(layout.below(area, name)))
    const size = oldest.reduce((sum, part) => sum + part.size, 0)
    return [...parts.slice(0, start), { name, size }, ...parts.slice(end)]
  }

  #sources(area: StoragePath, parts: readonly Part[]) {
    return parts.map(({ name, size }) => ({ key: this.#options.keys.of(layout.below(area, name)), size }))
  }
}

function newName(): string {
  return `part.${randomUUID()}`
}
