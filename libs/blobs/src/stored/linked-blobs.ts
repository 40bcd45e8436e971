import { type Digest, algorithmOf } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import { findLink, findStat, layout, settleAll, type StorageDriver, translateStorageError } from '@berth/storage'
import type { LinkedBlob } from '../linked-blob.ts'
import type { DescriptorCache } from './descriptor-cache.ts'
import type { SharedTier } from './shared-tier.ts'

const mediaType = 'application/octet-stream'

/** Which blobs repositories have: their links, what those point at, and what is remembered of both. */
export class LinkedBlobs {
  readonly #storage: StorageDriver
  readonly #cache: DescriptorCache | undefined
  readonly #shared: SharedTier | undefined

  constructor(storage: StorageDriver, cache: DescriptorCache | undefined, shared: SharedTier | undefined) {
    this.#storage = storage
    this.#cache = cache
    this.#shared = shared
  }

  /** What this process remembers. */
  findCached(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    return this.#cache?.find(repository, digest)
  }

  /** What replicas remember, or else what storage has. */
  find(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    if (this.#shared === undefined) return this.findStored(repository, digest)
    return this.#shared.find(repository, digest, () => this.#read(repository, digest))
  }

  /** As `find`. @throws RegistryError BLOB_UNKNOWN */
  async get(repository: RepositoryName, digest: Digest): Promise<LinkedBlob> {
    const blob = await this.find(repository, digest)
    if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', { digest })
    return blob
  }

  /** What storage has now. */
  async findStored(repository: RepositoryName, digest: Digest): Promise<LinkedBlob | undefined> {
    const since = this.#cache?.generation
    const blob = await this.#read(repository, digest)
    if (blob !== undefined) this.#fillAlone(repository, digest, blob, since)
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
    const blob = { descriptor: { mediaType, digest, size: content.byteLength }, target: digest }
    this.#fillAlone(repository, digest, blob, since)
    return blob
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
    if (this.#shared !== undefined)
      return this.#shared.remove(repository, digest, () => this.#unlink(repository, digest))
    try {
      await this.#unlink(repository, digest)
    } finally {
      // After a failure, too: its answer may be all that was lost.
      this.#cache?.forget(repository, digest)
    }
  }

  /** To be called where what is remembered was found to be no longer so. */
  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    this.#cache?.forget(repository, digest)
    await this.#shared?.forget(repository, digest)
  }

  async #unlink(repository: RepositoryName, digest: Digest): Promise<void> {
    try {
      await this.#storage.delete(layout.layerLinkPath(repository, digest))
    } catch (error) {
      throw translateStorageError(error, (cause) => new RegistryError('BLOB_UNKNOWN', { digest }, { cause }))
    }
  }

  /** Remembers what was not looked up in the shared tier; where there is one, only what it takes is remembered. */
  #fillAlone(repository: RepositoryName, digest: Digest, blob: LinkedBlob, since: number | undefined): void {
    if (since !== undefined && this.#shared === undefined) this.#cache?.fill(repository, digest, blob, since)
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
    // An alias is of another algorithm: of the same one, only the digest itself can be the same content.
    if (target !== digest && algorithmOf(target) === algorithmOf(digest)) return undefined
    const stat = await findStat(this.#storage, layout.blobDataPath(target))
    if (stat === undefined || stat.isDirectory) return undefined
    return { descriptor: { mediaType, digest, size: stat.size }, target }
  }
}
