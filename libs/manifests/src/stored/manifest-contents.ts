import { ByteBudget, type ByteStream, collect, LruCache } from '@berth/bytes'
import { algorithmOf, type Digest, digestOf } from '@berth/digest'
import { detectMediaType } from '@berth/manifest'
import {
  type CheapWritesDriver,
  findStat,
  layout,
  type ContentStore,
  StorageError,
  type StoragePath,
} from '@berth/storage'
import type { StoredManifest } from '../manifests.ts'
import { Recollection } from './recollection.ts'

/** As in Distribution. */
export const maxManifestSize = 4 * 1024 * 1024
const maxRemembered = 64 * 1024 * 1024
const maxSeen = 10_000
/** Size up to which a manifest is read at once, in bytes. */
const smallSize = 64 * 1024
/** Maximum size of all larger manifests that are being read, in bytes. */
const maxReading = 32 * 1024 * 1024
/** How long content that was written, or read and found good, is taken to be there: as long as a descriptor is. */
const seenMs = 30_000

export interface ManifestContentsOptions {
  readonly storage: ContentStore & Partial<CheapWritesDriver>
  /** Must not step back when the system's clock is set. */
  readonly nowMs?: () => number
}

/** The bytes of all manifests. They never change, so any process may remember them; not, who may read them. */
export class ManifestContents {
  readonly #storage: ContentStore & Partial<CheapWritesDriver>
  readonly #manifests = new Recollection<StoredManifest>({
    maxWeight: maxRemembered,
    weigh: (_key, { content }) => content.byteLength + 500,
  })
  readonly #seen: LruCache<Digest, true>
  readonly #reading = new ByteBudget(maxReading)

  constructor({ storage, nowMs = () => performance.now() }: ManifestContentsOptions) {
    this.#storage = storage
    this.#seen = new LruCache({ maxWeight: maxSeen, ttlMs: seenMs, nowMs })
  }

  recall(digest: Digest): StoredManifest | undefined {
    return this.#manifests.get(digest)
  }

  /** Bytes of what is stored, without reading it; `undefined` where nothing is. */
  async findSize(digest: Digest): Promise<number | undefined> {
    return this.recall(digest)?.content.byteLength ?? (await findStat(this.#storage, layout.blobDataPath(digest)))?.size
  }

  /** @throws Error what is stored is damaged: not the digest's content, or no manifest */
  async find(digest: Digest): Promise<StoredManifest | undefined> {
    return this.#manifests.read(digest, async () => {
      const content = await this.#findStored(digest)
      this.#seen.delete(digest)
      if (content === undefined) return undefined
      if (digestOf(content, algorithmOf(digest)) !== digest) throw new Error(`the content of ${digest} is damaged`)
      const mediaType = detectMediaType(content)
      if (mediaType === undefined) throw new Error(`the content of ${digest} is no manifest of a known type`)
      this.#seen.set(digest, true)
      return { mediaType, digest, content: unshared(content) }
    })
  }

  /**
   * Stores the content of `digest`, durably. What is there is read before it is trusted, or written again where that costs
   * no more, so that this also heals; there it is trusted for a while once this process has seen to it.
   */
  async put(digest: Digest, content: Uint8Array, signal?: AbortSignal): Promise<void> {
    const isThere = this.#storage.writesAreCheap === true ? this.#seen.get(digest) : this.#isStored(digest, content)
    if ((await isThere) === true) return
    try {
      await this.#storage.put(layout.blobDataPath(digest), content, signal === undefined ? {} : { signal })
      this.#seen.set(digest, true)
    } finally {
      this.#manifests.forget(digest)
    }
  }

  async #isStored(digest: Digest, content: Uint8Array): Promise<boolean> {
    const stored = await this.#findStored(digest, content.byteLength)
    return stored !== undefined && Buffer.compare(stored, content) === 0
  }

  /** What is at the digest's path, if it has this size. */
  async #findStored(digest: Digest, size?: number): Promise<Uint8Array | undefined> {
    try {
      const path = layout.blobDataPath(digest)
      const stored = await this.#storage.read(path)
      const isWanted = size === undefined || stored.size === size
      if (isWanted && stored.size <= maxManifestSize) return await this.#collect(path, stored)
      await stored.content[Symbol.asyncIterator]().return?.()
      if (isWanted) throw new Error(`the content of ${digest} is too large for a manifest`)
      return undefined
    } catch (error) {
      if (StorageError.isNotFound(error)) return undefined
      throw error
    }
  }

  /** Reads content that is open, or, if too much is being read, closes it and reads it when it is its turn. */
  async #collect(path: StoragePath, { size, content }: OpenedContent): Promise<Uint8Array> {
    if (size <= smallSize) return collect(content, maxManifestSize)
    let taken = this.#reading.tryTake(size)
    let source = content
    if (taken === undefined) {
      await content[Symbol.asyncIterator]().return?.()
      taken = await this.#reading.take(maxManifestSize)
      source = deferred(async () => (await this.#storage.read(path)).content)
    }
    try {
      return await collect(source, maxManifestSize)
    } finally {
      this.#reading.give(taken)
    }
  }
}

/** Content in storage that was opened, and is not read yet. */
interface OpenedContent {
  readonly size: number
  readonly content: ByteStream
}

/** The same bytes, not as a view of a larger buffer, which would live as long as they do. */
function unshared(content: Uint8Array): Uint8Array {
  return content.buffer.byteLength > 2 * content.byteLength + 4096 ? content.slice() : content
}

/** A stream that is opened when it is read. */
async function* deferred(open: () => Promise<ByteStream>): ByteStream {
  yield* await open()
}
