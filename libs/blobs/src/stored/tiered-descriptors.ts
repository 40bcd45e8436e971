import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { CachedDescriptors, MemoryGeneration } from '../cached-descriptors.ts'
import type { LinkedBlob } from '../linked-blob.ts'
import type { SharedDescriptors } from '../shared-descriptors.ts'
import type { BlobCacheObserver } from './blob-cache-observer.ts'
import { DescriptorCache } from './descriptor-cache.ts'
import { SharedTier } from './shared-tier.ts'

export interface DescriptorCacheOptions {
  /** Default: 10,000. */
  readonly maxDescriptors?: number
  /** How long a link that another process removes, or content that is collected, may live on here. Default: 30 s. */
  readonly ttlMs?: number
  /** What replicas remember together, behind this process's memory. Whoever opened it closes it. */
  readonly shared?: SharedDescriptors | undefined
  /** Must not step back when the system's clock is set. */
  readonly nowMs?: () => number
  /** Is told what the shared tier does. */
  readonly observer?: BlobCacheObserver
}

/** Memory, and behind it what replicas share, if they do. */
export class TieredDescriptors implements CachedDescriptors {
  readonly #memory: DescriptorCache
  readonly #shared: SharedTier | undefined

  constructor(options: DescriptorCacheOptions = {}) {
    const { maxDescriptors = 10_000, ttlMs = 30_000, shared, observer, nowMs = () => performance.now() } = options
    const memory = new DescriptorCache({ maxEntries: maxDescriptors, ttlMs, nowMs })
    this.#memory = memory
    this.#shared = shared && new SharedTier({ shared, memory, observer })
  }

  get generation(): MemoryGeneration {
    return this.#memory.generation
  }

  recall(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    return this.#memory.find(repository, digest)
  }

  find(
    repository: RepositoryName,
    digest: Digest,
    read: () => Promise<LinkedBlob | undefined>,
  ): Promise<LinkedBlob | undefined> {
    return this.#shared === undefined
      ? this.#findAlone(repository, digest, read)
      : this.#shared.find(repository, digest, read)
  }

  keep(repository: RepositoryName, digest: Digest, blob: LinkedBlob, since: MemoryGeneration): void {
    this.#memory.fill(repository, digest, blob, since)
  }

  async remove(repository: RepositoryName, digest: Digest, remove: () => Promise<boolean>): Promise<boolean> {
    if (this.#shared !== undefined) return this.#shared.remove(repository, digest, remove)
    try {
      return await remove()
    } finally {
      // After a failure, too: its answer may be all that was lost.
      this.#memory.forget(repository, digest)
    }
  }

  async forget(repository: RepositoryName, digest: Digest): Promise<void> {
    this.#memory.forget(repository, digest)
    await this.#shared?.forget(repository, digest)
  }

  async #findAlone(
    repository: RepositoryName,
    digest: Digest,
    read: () => Promise<LinkedBlob | undefined>,
  ): Promise<LinkedBlob | undefined> {
    const since = this.#memory.generation
    const blob = await read()
    if (blob !== undefined) this.#memory.fill(repository, digest, blob, since)
    return blob
  }
}
