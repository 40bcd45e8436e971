import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ByteRange, type ByteStream, collect, streamOf } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import { type Digest, digestOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import {
  layout,
  mapLimited,
  type RedirectingDriver,
  type SendingDriver,
  type SendPiece,
  type ContentStore,
  StorageError,
  translateStorageError,
} from '@berth/storage'
import type { SendableBlobs } from '../blobs.ts'
import type { LinkedBlob } from '../linked-blob.ts'
import type { CachedDescriptors } from '../cached-descriptors.ts'
import type { BlobCacheObserver } from './blob-cache-observer.ts'
import { ContentCache } from './content-cache.ts'
import { LinkedBlobs } from './linked-blobs.ts'
import { type DescriptorCacheOptions, TieredDescriptors } from './tiered-descriptors.ts'

/** How many blobs of one `statAll` are looked up at once. */
const statLimit = 32
const maxCachedContent = 64 * 1024

export interface StoredBlobsOptions {
  readonly storage: ContentStore & Partial<SendingDriver> & Partial<RedirectingDriver>
  /** Clients are sent to the store with URLs that are good for so long, if it has URLs. */
  readonly redirectLifetimeMs?: number
  /** Descriptors, and the content of small blobs, are kept in memory where this is given. */
  readonly cache?: BlobCacheOptions
}

export interface BlobCacheOptions extends DescriptorCacheOptions {
  /** The sum of the small blobs kept, in bytes. Default: 32 MiB. */
  readonly maxContentBytes?: number
  /** Is told of every descriptor that `stat` and `statAll` are asked for, too. */
  readonly observer?: BlobCacheObserver
}

/** The blobs in storage, in the layout that Distribution made. */
export class StoredBlobs implements SendableBlobs {
  /** What is remembered of links, for whoever writes some, too. */
  readonly descriptors: CachedDescriptors | undefined
  readonly #storage: ContentStore & Partial<SendingDriver>
  readonly #links: LinkedBlobs
  readonly #contents: ContentCache | undefined
  readonly #observer: BlobCacheObserver | undefined
  declare readonly locate?: NonNullable<SendableBlobs['locate']>

  constructor({ storage, cache, redirectLifetimeMs }: StoredBlobsOptions) {
    this.#storage = storage
    this.descriptors = cache && new TieredDescriptors(cache)
    this.#links = new LinkedBlobs(storage, this.descriptors)
    this.#contents = cache && contentCache(cache)
    this.#observer = cache?.observer
    const redirectUrl = storage.redirectUrl?.bind(storage)
    if (redirectUrl !== undefined && redirectLifetimeMs !== undefined) {
      this.locate = async (repository, digest) => {
        const blob = this.#findCounted(repository, digest) ?? (await this.#links.get(repository, digest))
        return {
          descriptor: blob.descriptor,
          url: await redirectUrl(layout.blobDataPath(blob.target), redirectLifetimeMs),
        }
      }
    }
  }

  async stat(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    return (this.#findCounted(repository, digest) ?? (await this.#links.get(repository, digest))).descriptor
  }

  async statAll(
    repository: RepositoryName,
    digests: readonly Digest[],
    signal?: AbortSignal,
  ): Promise<readonly (Descriptor | undefined)[]> {
    return mapLimited(digests, statLimit, async (digest) => {
      signal?.throwIfAborted()
      const blob = this.#findCounted(repository, digest) ?? (await this.#links.find(repository, digest))
      return blob?.descriptor
    })
  }

  async read(repository: RepositoryName, digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ByteStream> {
    const blob = this.#links.findCached(repository, digest) ?? (await this.#links.get(repository, digest))
    return this.#reading(repository, digest, range, async () => {
      const small = await this.#smallContent(blob, range)
      if (small !== undefined) return streamOf(new Uint8Array(small.subarray(range?.start, range?.end)))
      const options = { ...(range && { range }), ...(signal && { signal }) }
      return (await this.#storage.read(layout.blobDataPath(blob.target), options)).content
    })
  }

  async sendTo(
    repository: RepositoryName,
    digest: Digest,
    range: ByteRange,
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    const blob = this.#links.findCached(repository, digest) ?? (await this.#links.get(repository, digest))
    return this.#reading(repository, digest, range, async () => {
      const small = await this.#smallContent(blob, range)
      if (small !== undefined) {
        target.write(small.subarray(range.start, range.end))
        return
      }
      const path = layout.blobDataPath(blob.target)
      if (this.#storage.sendTo !== undefined) return this.#storage.sendTo(path, range, target, signal, share)
      const { content } = await this.#storage.read(path, { range, signal, share })
      await pipeline(content, target, { end: false, ...(signal && { signal }) })
    })
  }

  async sendPieces(
    repository: RepositoryName,
    digest: Digest,
    pieces: readonly SendPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void> {
    const blob = this.#links.findCached(repository, digest) ?? (await this.#links.get(repository, digest))
    const end = pieces.reduce((last, piece) => (piece instanceof Uint8Array ? last : Math.max(last, piece.end)), 0)
    const allRanges = { start: 0, end }
    return this.#reading(repository, digest, allRanges, async () => {
      const small = await this.#smallContent(blob, allRanges)
      if (small !== undefined) {
        const bytes = pieces.map((piece) =>
          piece instanceof Uint8Array ? piece : small.subarray(piece.start, piece.end),
        )
        target.write(Buffer.concat(bytes))
        return
      }
      const path = layout.blobDataPath(blob.target)
      if (this.#storage.sendPieces !== undefined) return this.#storage.sendPieces(path, pieces, target, signal, share)
      for (const piece of pieces) {
        if (piece instanceof Uint8Array) target.write(piece)
        else await this.sendTo(repository, digest, piece, target, signal, share)
      }
    })
  }

  async put(repository: RepositoryName, content: Uint8Array): Promise<Descriptor> {
    return (await this.#links.put(repository, digestOf(content), content)).descriptor
  }

  async mount(repository: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
    const blob = from === undefined ? await this.#links.findContent(digest) : await this.#links.findToLink(from, digest)
    if (blob === undefined) return false
    // Not remembered: what was remembered of `from` would live twice as long, and whoever asks next looks at both.
    await this.#links.link(repository, blob)
    return true
  }

  async unlink(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#links.unlink(repository, digest)
  }

  #findCounted(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    const blob = this.#links.findCached(repository, digest)
    this.#observer?.lookedUp?.('memory', blob === undefined ? 'miss' : 'hit')
    return blob
  }

  /** The whole content, where it is small and kept in memory. */
  async #smallContent({ descriptor, target }: LinkedBlob, range?: ByteRange): Promise<Uint8Array | undefined> {
    if (this.#contents === undefined || !this.#contents.isFor(descriptor.size)) return undefined
    if (range && (range.start < 0 || range.start > range.end || range.end > descriptor.size))
      throw new StorageError('INVALID_RANGE', layout.blobDataPath(target), this.#storage.name)
    const kept = this.#contents.find(target)
    if (kept !== undefined) return kept
    const whole = { start: 0, end: descriptor.size }
    const { content } = await this.#storage.read(layout.blobDataPath(target), { range: whole })
    const bytes = await collect(content, descriptor.size)
    this.#contents.keep(target, bytes)
    return bytes
  }

  /** Reads, and says what it means where storage has it no longer. */
  async #reading<T>(
    repository: RepositoryName,
    digest: Digest,
    range: ByteRange | undefined,
    read: () => Promise<T>,
  ): Promise<T> {
    try {
      return await read()
    } catch (error) {
      const isOutOfRange = error instanceof StorageError && error.code === 'INVALID_RANGE'
      if (isOutOfRange || StorageError.isNotFound(error)) await this.#links.forget(repository, digest)
      if (isOutOfRange && range !== undefined) {
        const { size } = (await this.#links.get(repository, digest)).descriptor
        const detail = { range: `${range.start}-${range.end - 1}`, offset: size }
        throw new RegistryError('RANGE_INVALID', detail, { cause: error })
      }
      throw translateStorageError(error, (cause) => new RegistryError('BLOB_UNKNOWN', { digest }, { cause }))
    }
  }
}

function contentCache({ maxContentBytes = 32 * 1024 * 1024 }: BlobCacheOptions): ContentCache {
  return new ContentCache({ maxBytes: maxContentBytes, maxEntryBytes: maxCachedContent })
}
