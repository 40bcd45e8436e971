/** `memory` is this process's own; `shared` is the one behind it. */
export type CacheTier = 'memory' | 'shared'

export type CacheOutcome = 'hit' | 'miss' | 'error'

export type SharedOperation = 'find' | 'fill' | 'hold' | 'release' | 'forget'

/** Is told what the cache of descriptors is worth. */
export interface BlobCacheObserver {
  /** A blob's descriptor was asked for, and looked up in a tier; one that another tier had is not. */
  lookedUp?(tier: CacheTier, outcome: CacheOutcome): void
  /** The shared tier had an entry that no replica can have written, or that is too old. It is a miss, too. */
  rejected?(): void
  /** An operation of the shared tier is over. */
  timed(operation: SharedOperation, seconds: number, isFailed: boolean): void
}
