/**
 * What any implementation of the contracts of uploads must do. For tests alone.
 */
export { describeBlobUploads } from './describe-blob-uploads.ts'
export type { UploadServices } from './upload-client.ts'
