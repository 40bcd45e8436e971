/**
 * Uploads: blobs being received, in one request or in many, on any node.
 * Begin with `blob-uploads.ts`; how they are stored is behind `@berth/uploads/stored`.
 */
export type {
  BlobUploads,
  Chunk,
  CompletedUpload,
  Upload,
  UploadPurge,
  UploadPurgeResult,
  UploadRef,
} from './blob-uploads.ts'
export { KeyRing, type KeyRingOptions } from './key-ring.ts'
