import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { LinkedBlob } from './linked-blob.ts'

/** Names what was true of a process's memory when it was asked. */
export type MemoryGeneration = number

/**
 * What is remembered of a kind of links for a while, so that storage need not be asked again: of the blobs that
 * repositories have, or of their manifests, never of both in one. What was read or written before a removal does not come
 * back after it; that nothing is there, and that storage failed, is not remembered. It never decides what may be removed.
 */
export interface CachedDescriptors {
  /** What this process remembers. */
  recall(repository: RepositoryName, digest: Digest): LinkedBlob | undefined

  /** What replicas remember, or else what `read` finds in storage, which is then remembered. */
  find(
    repository: RepositoryName,
    digest: Digest,
    read: () => Promise<LinkedBlob | undefined>,
  ): Promise<LinkedBlob | undefined>

  /** To be asked before a link is written, and given to `keep`. */
  readonly generation: MemoryGeneration

  /** Has this process remember a link that it has written, unless something was removed or forgotten `since`. */
  keep(repository: RepositoryName, digest: Digest, blob: LinkedBlob, since: MemoryGeneration): void

  /**
   * Removes a link so that nobody remembers it once this returns.
   *
   * @param remove says whether there was anything; after a failure it may be gone or not
   * @returns what `remove` said
   * @throws RegistryError UNAVAILABLE: other replicas cannot be told, and nothing was removed; or it was, and the cache
   *   may have lost the hold meanwhile. To remove it again is right in either case, and tells them.
   */
  remove(repository: RepositoryName, digest: Digest, remove: () => Promise<boolean>): Promise<boolean>

  /** To be called where what is remembered was found to be no longer so. */
  forget(repository: RepositoryName, digest: Digest): Promise<void>
}
