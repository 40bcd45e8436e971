import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { LinkedBlob } from './linked-blob.ts'

/** How long an entry is believed, in milliseconds: a bound on what a removal that Berth did not make can leave. */
export const sharedLifeMs = 3_600_000

/** How long a hold lasts when nobody ends it, in milliseconds. */
export const holdLifeMs = 60_000

/** Names what was true of an entry when it was asked for: random, and never used again. */
export type Generation = string

/** Names one hold, to end that one and no other. */
export type Hold = string

/** What is known of a blob: a hit, or else the generation to fill with; neither while it is held. */
export type SharedLookup =
  | { readonly blob: LinkedBlob; readonly generation?: undefined }
  | {
      readonly blob?: undefined
      readonly generation: Generation | undefined
      /** Whether there was an entry that no replica can have written, or that is too old. */
      readonly isInvalid?: boolean
    }

/**
 * The blobs that repositories have been seen to hold, in a cache that all replicas share. It may lose anything at any
 * time, and answers for the removals that are told to it: a blob's entry is dropped when the first hold on it is set,
 * and whoever read storage before the last one ended cannot fill it any more. Any method may fail, which says nothing
 * of the blob, and within a short deadline; none is retried here. Only what a replica has filled is ever found: where
 * others can write to the cache, its entries are sealed.
 *
 * A removal is `hold`, then the link, then `release`.
 */
export interface SharedDescriptors {
  find(repository: RepositoryName, digest: Digest): Promise<SharedLookup>

  /**
   * Keeps what storage said, unless the blob was held, released or forgotten since `generation` was found.
   *
   * @returns whether it is kept
   * @throws TypeError where the descriptor is none
   */
  fill(repository: RepositoryName, digest: Digest, blob: LinkedBlob, generation: Generation): Promise<boolean>

  /** Drops the entry, lets none be filled until every hold is released, or a minute has passed, and tells replicas. */
  hold(repository: RepositoryName, digest: Digest): Promise<Hold>

  /** Ends a hold, and tells replicas. What was read before this can no longer be filled. */
  release(repository: RepositoryName, digest: Digest, hold: Hold): Promise<void>

  /** Drops the entry of what was found to be gone, and tells replicas. */
  forget(repository: RepositoryName, digest: Digest): Promise<void>

  /** Whether what replicas are told arrives here now, as far as is known. */
  readonly isConnected: boolean

  /**
   * Has `listener` told of what is held, released or forgotten from now on, by any replica. Who holds does not wait until
   * all have been told; it takes as long as a message does.
   */
  listen(listener: InvalidationListener): void
}

export interface InvalidationListener {
  /** What was kept of this blob may no longer be so. */
  invalidated(repository: RepositoryName, digest: Digest): void
  /** Invalidations arrive again, and some may have been missed. */
  reconnected(): void
}
