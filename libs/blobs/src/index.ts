/**
 * Blobs: bytes known by digest, kept once, and linked from every repository that may read them.
 * Begin with `blobs.ts`; how they are stored is behind `@berth/blobs/stored`. `cached-descriptors.ts` is what
 * is remembered of links, and `shared-descriptors.ts` what replicas remember together.
 */
export type { BlobPiece, Blobs, LocatedBlob, SendableBlobs } from './blobs.ts'
export type { CachedDescriptors, MemoryGeneration } from './cached-descriptors.ts'
export { formatLinkedBlob, linkedBlob, type LinkedBlob, parseLinkedBlob } from './linked-blob.ts'
export {
  type Generation,
  type Hold,
  holdLifeMs,
  type InvalidationListener,
  type SharedDescriptors,
  sharedLifeMs,
  type SharedLookup,
} from './shared-descriptors.ts'
