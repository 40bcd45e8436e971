import { algorithmOf, type Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { findLink, layout, StorageError } from '@berth/storage'
import type { Chunk, CompletedUpload } from '../blob-uploads.ts'
import { appendChunk } from './append-chunk.ts'
import { placeParts, verifyParts } from './place-parts.ts'
import { placeWhole } from './place-whole.ts'
import { hashForLastChunk } from './read-back.ts'
import type { Standing, StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

export interface CompleteOptions {
  /** The last chunk, if there is one. */
  readonly chunk: Chunk | undefined
  readonly randomId: () => string
  readonly observer: UploadObserver | undefined
  readonly signal: AbortSignal | undefined
}

const noContent: Chunk = { content: { async *[Symbol.asyncIterator]() {} }, size: 0, isOneOfMany: false }

/**
 * Makes an upload's blob visible in its repository. The upload is still there afterwards, and all of this may be
 * repeated until it is not.
 *
 * @throws RegistryError DIGEST_INVALID, SIZE_INVALID, RANGE_INVALID, BLOB_UPLOAD_UNKNOWN; the content's error
 */
export async function placeBlob(
  upload: StoredUpload,
  standing: Standing,
  digest: Digest,
  { chunk, randomId, observer, signal }: CompleteOptions,
): Promise<CompletedUpload> {
  if (standing.checkpoint.size === 0) {
    const size = await placeWhole(upload, digest, chunk ?? noContent, signal)
    observer?.received(size)
    return { digest, size }
  }
  const last =
    chunk === undefined
      ? standing
      : await appendChunk(upload, standing, chunk, {
          hash: () => hashForLastChunk(upload, standing.checkpoint, algorithmOf(digest), observer),
          checkpointId: randomId(),
          observer,
          signal,
        })
  const verified = await verifyParts(upload, last, digest, { checkpointId: randomId(), observer })
  await placeParts(upload, verified, digest)
  return { digest, size: verified.size }
}

/**
 * What became of an upload that is gone: it was completed if its blob is linked in its repository, and only there, or
 * else its token would buy any blob.
 *
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN
 */
export async function findCompleted(upload: StoredUpload, digest: Digest): Promise<CompletedUpload> {
  const target = await findLink(upload.storage, layout.layerLinkPath(upload.repository, digest))
  if (target === undefined) throw upload.unknown()
  const { size, isDirectory } = await upload.storage.stat(layout.blobDataPath(target))
  if (isDirectory) throw upload.unknown()
  return { digest, size }
}

/** Whether an upload was not there, or ended under a request. */
export function isGone(error: unknown): boolean {
  return StorageError.isNotFound(error) || (error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN')
}
