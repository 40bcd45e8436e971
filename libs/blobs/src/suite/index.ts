/**
 * What any implementation of the contracts of blobs must do. For tests alone.
 */
export { describeBlobs } from './describe-blobs.ts'
export { describeSendableBlobs } from './describe-sendable-blobs.ts'
