import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ByteRange, type ByteStream, collect, streamOf } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import { algorithmOf, type Digest, digestOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import {
  findLink,
  layout,
  type SendingDriver,
  type StorageDriver,
  StorageError,
  translateStorageError,
} from '@berth/storage'
import type { SendableBlobs } from '../blobs.ts'
import { ContentCache } from './content-cache.ts'
import { DescriptorCache, type LinkedBlob } from './descriptor-cache.ts'
import { mapLimited } from './map-limited.ts'

const mediaType = 'application/octet-stream'
/** How many blobs of one `statAll` are looked up at once. */
const statLimit = 32
const maxCachedContent = 64 * 1024

export interface StoredBlobsOptions {
  readonly storage: StorageDriver & Partial<SendingDriver>
  /** Descriptors, and the content of small blobs, are kept in memory where this is given. */
  readonly cache?: BlobCacheOptions
}

export interface BlobCacheOptions {
  /** Default: 10,000. */
  readonly maxDescriptors?: number
  /** How long a link that another process removes, or content that is collected, may live on here. Default: 30 s. */
  readonly ttlMs?: number
  /** The sum of the small blobs kept, in bytes. Default: 32 MiB. */
  readonly maxContentBytes?: number
  readonly nowMs?: () => number
  readonly observer?: BlobCacheObserver
}

/** Is told of every descriptor that was asked for. */
export interface BlobCacheObserver {
  hit(): void
  miss(): void
}

/** The blobs in storage, in the layout that Distribution made. */
export class StoredBlobs implements SendableBlobs {
  readonly #storage: StorageDriver & Partial<SendingDriver>
  readonly #descriptors: DescriptorCache | undefined
  readonly #contents: ContentCache | undefined
  readonly #observer: BlobCacheObserver | undefined

  constructor({ storage, cache }: StoredBlobsOptions) {
    this.#storage = storage
    if (cache === undefined) return
    const { maxDescriptors = 10_000, ttlMs = 30_000, maxContentBytes = 32 * 1024 * 1024, nowMs = Date.now } = cache
    this.#descriptors = new DescriptorCache({ maxEntries: maxDescriptors, ttlMs, nowMs })
    this.#contents = new ContentCache({ maxBytes: maxContentBytes, maxEntryBytes: maxCachedContent })
    this.#observer = cache.observer
  }

  async stat(repository: RepositoryName, digest: Digest): Promise<Descriptor> {
    return (this.#findCached(repository, digest) ?? (await this.#get(repository, digest))).descriptor
  }

  async statAll(
    repository: RepositoryName,
    digests: readonly Digest[],
    signal?: AbortSignal,
  ): Promise<readonly (Descriptor | undefined)[]> {
    return mapLimited(digests, statLimit, async (digest) => {
      signal?.throwIfAborted()
      const blob = this.#findCached(repository, digest) ?? (await this.#find(repository, digest))
      return blob?.descriptor
    })
  }

  async read(repository: RepositoryName, digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ByteStream> {
    const blob = this.#findCached(repository, digest) ?? (await this.#get(repository, digest))
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
  ): Promise<void> {
    const blob = this.#findCached(repository, digest) ?? (await this.#get(repository, digest))
    return this.#reading(repository, digest, range, async () => {
      const small = await this.#smallContent(blob, range)
      if (small !== undefined) {
        target.write(small.subarray(range.start, range.end))
        return
      }
      const path = layout.blobDataPath(blob.target)
      if (this.#storage.sendTo !== undefined) return this.#storage.sendTo(path, range, target, signal)
      const { content } = await this.#storage.read(path, { range, ...(signal && { signal }) })
      await pipeline(content, target, { end: false, ...(signal && { signal }) })
    })
  }

  async put(repository: RepositoryName, content: Uint8Array): Promise<Descriptor> {
    const digest = digestOf(content)
    const since = this.#descriptors?.generation
    // Content that is at hand is verified already, so its link need not wait for it: a link to nothing is no blob.
    const outcomes = await Promise.allSettled([
      this.#storage.put(layout.blobDataPath(digest), content),
      this.#storage.put(layout.layerLinkPath(repository, digest), layout.formatLink(digest)),
    ])
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw translateStorageError(outcome.reason)
    const descriptor = { mediaType, digest, size: content.byteLength }
    if (since !== undefined) this.#descriptors?.fill(repository, digest, { descriptor, target: digest }, since)
    return descriptor
  }

  async mount(repository: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean> {
    try {
      // The cache is not asked: what is linked anew must be there now.
      const target = from === undefined ? digest : await findLink(this.#storage, layout.layerLinkPath(from, digest))
      if (target === undefined || (await this.#describe(digest, target)) === undefined) return false
      await this.#storage.put(layout.layerLinkPath(repository, digest), layout.formatLink(target))
      return true
    } catch (error) {
      throw translateStorageError(error)
    }
  }

  async unlink(repository: RepositoryName, digest: Digest): Promise<void> {
    try {
      await this.#storage.delete(layout.layerLinkPath(repository, digest))
    } catch (error) {
      throw translateStorageError(error, (cause) => new RegistryError('BLOB_UNKNOWN', { digest }, { cause }))
    } finally {
      // After a failure, too: its answer may be all that was lost.
      this.#descriptors?.forget(repository, digest)
    }
  }

  #findCached(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    if (this.#descriptors === undefined) return undefined
    const blob = this.#descriptors.find(repository, digest)
    if (blob === undefined) this.#observer?.miss()
    else this.#observer?.hit()
    return blob
  }

  async #get(repository: RepositoryName, digest: Digest): Promise<LinkedBlob> {
    const blob = await this.#find(repository, digest)
    if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { digest })
    return blob
  }

  /** As storage has it now. */
  async #find(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    const since = this.#descriptors?.generation
    try {
      const target = await findLink(this.#storage, layout.layerLinkPath(repository, digest))
      const blob = target && (await this.#describe(digest, target))
      if (blob && since !== undefined) this.#descriptors?.fill(repository, digest, blob, since)
      return blob
    } catch (error) {
      throw translateStorageError(error)
    }
  }

  /** The content that a link points at, if it is there. */
  async #describe(digest: Digest, target: Digest): Promise<LinkedBlob | undefined> {
    // An alias is of another algorithm: of the same one, only the digest itself can be the same content.
    if (target !== digest && algorithmOf(target) === algorithmOf(digest)) return undefined
    try {
      const { size, isDirectory } = await this.#storage.stat(layout.blobDataPath(target))
      return isDirectory ? undefined : { descriptor: { mediaType, digest, size }, target }
    } catch (error) {
      if (StorageError.isNotFound(error)) return undefined
      throw error
    }
  }

  /** The whole content, where it is small and kept in memory. */
  async #smallContent({ descriptor, target }: LinkedBlob, range?: ByteRange): Promise<Uint8Array | undefined> {
    if (this.#contents === undefined || !this.#contents.isFor(descriptor.size)) return undefined
    const path = layout.blobDataPath(target)
    if (range && (range.start < 0 || range.start > range.end || range.end > descriptor.size))
      throw new StorageError('INVALID_RANGE', path, this.#storage.name)
    const kept = this.#contents.find(target)
    if (kept !== undefined) return kept
    const { content } = await this.#storage.read(path, { range: { start: 0, end: descriptor.size } })
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
      if (isOutOfRange || StorageError.isNotFound(error)) this.#descriptors?.forget(repository, digest)
      if (isOutOfRange && range !== undefined) {
        const { size } = (await this.#get(repository, digest)).descriptor
        const detail = { range: `${range.start}-${range.end - 1}`, offset: size }
        throw new RegistryError('RANGE_INVALID', detail, { cause: error })
      }
      throw translateStorageError(error, (cause) => new RegistryError('BLOB_UNKNOWN', { digest }, { cause }))
    }
  }
}
