import { LruCache } from '@berth/bytes'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { MemoryGeneration } from '../cached-descriptors.ts'
import type { LinkedBlob } from '../linked-blob.ts'

/**
 * The blobs that repositories have been seen to hold, for a little while. An entry that was read from storage before a
 * removal must not be kept after it, so whoever fills says when reading began.
 */
export class DescriptorCache {
  readonly #blobs: LruCache<string, LinkedBlob>
  #generation: MemoryGeneration = 0

  constructor(options: { maxEntries: number; ttlMs: number; nowMs: () => number }) {
    this.#blobs = new LruCache({ maxWeight: options.maxEntries, ttlMs: options.ttlMs, nowMs: options.nowMs })
  }

  /** To be asked before storage is, and given to `fill`. */
  get generation(): MemoryGeneration {
    return this.#generation
  }

  find(repository: RepositoryName, digest: Digest): LinkedBlob | undefined {
    return this.#blobs.get(keyOf(repository, digest))
  }

  /** Keeps what storage said, unless something was forgotten since it was asked. */
  fill(repository: RepositoryName, digest: Digest, blob: LinkedBlob, since: MemoryGeneration): void {
    if (since === this.#generation) this.#blobs.set(keyOf(repository, digest), blob)
  }

  /** To be called once a link, or the content behind it, is known to be gone. */
  forget(repository: RepositoryName, digest: Digest): void {
    this.#generation += 1
    this.#blobs.delete(keyOf(repository, digest))
  }

  /** To be called where it is not known what is gone. */
  clear(): void {
    this.#generation += 1
    this.#blobs.clear()
  }
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`
}
