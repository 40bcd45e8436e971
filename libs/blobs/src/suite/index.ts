/**
 * What any implementation of the contracts of blobs must do. For tests alone.
 */
export { describeBlobs } from './describe-blobs.ts'
export { describeSendableBlobs } from './describe-sendable-blobs.ts'
export { describeSharedDescriptors } from './describe-shared-descriptors.ts'
export { MemorySharedDescriptors, MemorySharedState } from './memory-shared-descriptors.ts'
