/**
 * How blobs are stored: bytes below `blobs/`, links below each repository, as Distribution lays them out.
 * Begin with `stored-blobs.ts`.
 */
export type { BlobCacheObserver, CacheOutcome, CacheTier, SharedOperation } from './blob-cache-observer.ts'
export { type BlobCacheOptions, StoredBlobs, type StoredBlobsOptions } from './stored-blobs.ts'
export { type DescriptorCacheOptions, TieredDescriptors } from './tiered-descriptors.ts'
