/**
 * How uploads are stored: immutable parts under atomic checkpoints, on any storage driver.
 * Begin with `stored-blob-uploads.ts`; `stored-upload.ts` is where it is decided which of several requests counts.
 */
export { StoredBlobUploads, type StoredBlobUploadsOptions } from './stored-blob-uploads.ts'
export type { UploadObserver } from './upload-observer.ts'
export { StoredUploadPurge, type StoredUploadPurgeOptions } from './stored-upload-purge.ts'
