/**
 * Blobs: bytes known by digest, kept once, and linked from every repository that may read them.
 * Begin with `blobs.ts`; how they are stored is behind `@berth/blobs/stored`.
 */
export type { Blobs, SendableBlobs } from './blobs.ts'
