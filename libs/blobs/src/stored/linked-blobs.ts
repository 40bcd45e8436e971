import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import {
  findLink,
  findStat,
  layout,
  settleAll,
  type ContentStore,
  StorageError,
  translateStorageError,
} from '@berth/storage'
import type { CachedDescriptors } from '../cached-descriptors.ts'
import { linkedBlob, type LinkedBlob, mayLeadTo } from '../linked-blob.ts'

/** Which blobs repositories have: their links, what those point at, and what is remembered of both. */
export class LinkedBlobs {
  readonly #storage: ContentStore
  readonly #cache: CachedDescriptors | undefined

  constructor(storage: ContentStore, cache: CachedDescriptors | undefined) {
    this.#storage = storage
    this.#cache = cache
  }

  /** What this process remembers. */
  findCached(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    return this.#cache?.recall(repository, digest)
  }

  /** What replicas remember, or else what storage has. */
  find(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    if (this.#cache === undefined) return this.#read(repository, digest)
    return this.#cache.find(repository, digest, () => this.#read(repository, digest))
  }

  /** As `find`. @throws RegistryError BLOB_UNKNOWN */
  async get(repository: RepositoryName, digest: Digest): Promise<LinkedBlob> {
    const blob = await this.find(repository, digest)
    if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { digest })
    return blob
  }

  /** What storage has now under a digest, whoever links it. */
  async findContent(digest: Digest): Promise<LinkedBlob | undefined> {
    try {
      return await this.#describe(digest, digest)
    } catch (error) {
      throw translateStorageError(error)
    }
  }

  /** Stores and links content that is what `digest` names. */
  async put(repository: RepositoryName, digest: Digest, content: Uint8Array): Promise<LinkedBlob> {
    const since = this.#cache?.generation
    // Content that is at hand is verified already, so its link need not wait for it: a link to nothing is no blob.
    try {
      await settleAll([
        this.#storage.put(layout.blobDataPath(digest), content),
        this.#storage.put(layout.layerLinkPath(repository, digest), layout.formatLink(digest)),
      ])
    } catch (error) {
      throw translateStorageError(error)
    }
    const blob = linkedBlob(digest, content.byteLength)
    if (since !== undefined) this.#cache?.keep(repository, digest, blob, since)
    return blob
  }

  /** As `find`, but what a link is to hold comes from storage: a cache need not be believed about an alias. */
  async findToLink(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    const blob = this.findCached(repository, digest) ?? (await this.find(repository, digest))
    return blob === undefined || blob.target === digest ? blob : this.#read(repository, digest)
  }

  async link(repository: RepositoryName, { descriptor, target }: LinkedBlob): Promise<void> {
    try {
      await this.#storage.put(layout.layerLinkPath(repository, descriptor.digest), layout.formatLink(target))
    } catch (error) {
      throw translateStorageError(error)
    }
  }

  /** @throws RegistryError BLOB_UNKNOWN */
  async unlink(repository: RepositoryName, digest: Digest): Promise<void> {
    const remove = (): Promise<boolean> => this.#unlink(repository, digest)
    const wasThere = await (this.#cache === undefined ? remove() : this.#cache.remove(repository, digest, remove))
    if (!wasThere) throw new RegistryError('BLOB_UNKNOWN', { digest })
  }

  /** To be called where what is remembered was found to be no longer so. */
  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#cache?.forget(repository, digest)
  }

  /** @returns whether there was a link */
  async #unlink(repository: RepositoryName, digest: Digest): Promise<boolean> {
    try {
      await this.#storage.delete(layout.layerLinkPath(repository, digest))
      return true
    } catch (error) {
      if (StorageError.isNotFound(error)) return false
      throw translateStorageError(error)
    }
  }

  async #read(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    try {
      const target = await findLink(this.#storage, layout.layerLinkPath(repository, digest))
      return target && (await this.#describe(digest, target))
    } catch (error) {
      throw translateStorageError(error)
    }
  }

  /** The content that a link points at, if it is there. */
  async #describe(digest: Digest, target: Digest): Promise<LinkedBlob | undefined> {
    if (!mayLeadTo(digest, target)) return undefined
    const stat = await findStat(this.#storage, layout.blobDataPath(target))
    if (stat === undefined || stat.isDirectory) return undefined
    return linkedBlob(digest, stat.size, target)
  }
}
