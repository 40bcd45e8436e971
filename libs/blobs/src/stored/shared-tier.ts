import type { Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import type { RepositoryName } from '@berth/reference'
import type { LinkedBlob } from '../linked-blob.ts'
import type { Hold, SharedDescriptors, SharedLookup } from '../shared-descriptors.ts'
import type { BlobCacheObserver, SharedOperation } from './blob-cache-observer.ts'
import type { DescriptorCache } from './descriptor-cache.ts'

/**
 * The descriptors that replicas share, below those that this one keeps in memory. A cache that fails is not a miss: it
 * is not written to, and storage answers. Of a removal that cannot be told to it, nothing is removed.
 */
export class SharedTier {
  readonly #shared: SharedDescriptors
  readonly #memory: DescriptorCache
  readonly #observer: BlobCacheObserver | undefined

  constructor(options: {
    shared: SharedDescriptors
    memory: DescriptorCache
    observer: BlobCacheObserver | undefined
  }) {
    this.#shared = options.shared
    this.#memory = options.memory
    this.#observer = options.observer
    this.#shared.listen({
      invalidated: (repository, digest) => this.#memory.forget(repository, digest),
      reconnected: () => this.#memory.clear(),
    })
  }

  /** What the shared cache has, or else what `read` finds in storage. */
  async find(
    repository: RepositoryName,
    digest: Digest,
    read: () => Promise<LinkedBlob | undefined>,
  ): Promise<LinkedBlob | undefined> {
    const since = this.#memory.generation
    const known = await this.#find(repository, digest)
    if (known?.blob !== undefined) {
      this.#memory.fill(repository, digest, known.blob, since)
      return known.blob
    }
    const blob = await read()
    if (blob === undefined) return undefined
    const isKept = known?.generation !== undefined && (await this.#fill(repository, digest, blob, known.generation))
    // What the shared cache did not take may be under removal. While it is out of reach, memory alone must do: whatever
    // is missed meanwhile lives as long as an entry of memory does.
    if (isKept || !this.#shared.isConnected) this.#memory.fill(repository, digest, blob, since)
    return blob
  }

  /**
   * Removes a link under a hold.
   *
   * @param remove says whether there was a link; after a failure it may be gone or not
   * @returns what `remove` said
   * @throws RegistryError UNAVAILABLE: other replicas cannot be told, and nothing was removed; or it was, and the cache
   * may have lost the hold meanwhile. To remove it again is right in either case, and tells them.
   */
  async remove(repository: RepositoryName, digest: Digest, remove: () => Promise<boolean>): Promise<boolean> {
    const hold = await this.#timed('hold', () => this.#shared.hold(repository, digest)).catch(notTold)
    this.#memory.forget(repository, digest)
    let wasThere: boolean
    try {
      wasThere = await remove()
    } finally {
      // After a failure the removal may yet take place, and the hold is left to expire.
      this.#memory.forget(repository, digest)
    }
    await this.#release(repository, digest, hold).catch(wasThere ? notTold : () => undefined)
    return wasThere
  }

  /** To be called where what is remembered was found to be no longer so. */
  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    try {
      await this.#timed('forget', () => this.#shared.forget(repository, digest))
    } catch {
      // Whoever reads the blob will find it gone again, and come here again.
    }
  }

  async #find(repository: RepositoryName, digest: Digest): Promise<SharedLookup | undefined> {
    try {
      const known = await this.#timed('find', () => this.#shared.find(repository, digest))
      this.#observer?.lookedUp?.('shared', known.blob === undefined ? 'miss' : 'hit')
      if (known.blob === undefined && known.isInvalid === true) this.#observer?.rejected?.()
      return known
    } catch {
      this.#observer?.lookedUp?.('shared', 'error')
      return undefined
    }
  }

  async #fill(repository: RepositoryName, digest: Digest, blob: LinkedBlob, generation: string): Promise<boolean> {
    try {
      return await this.#timed('fill', () => this.#shared.fill(repository, digest, blob, generation))
    } catch {
      return false
    }
  }

  #release(repository: RepositoryName, digest: Digest, hold: Hold): Promise<void> {
    return this.#timed('release', () => this.#shared.release(repository, digest, hold))
  }

  async #timed<T>(operation: SharedOperation, call: () => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    let isFailed = true
    try {
      const result = await call()
      isFailed = false
      return result
    } finally {
      this.#observer?.timed(operation, (performance.now() - startedMs) / 1000, isFailed)
    }
  }
}

function notTold(cause: unknown): never {
  throw new RegistryError('UNAVAILABLE', { reason: 'the cache cannot be told of the removal' }, { cause })
}
