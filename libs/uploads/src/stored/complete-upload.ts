import { algorithmOf, checkDigest, type Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { findLink, layout, StorageError } from '@berth/storage'
import type { Chunk, CompletedUpload } from '../blob-uploads.ts'
import type { Checkpoint } from './checkpoint.ts'
import { recordedDigest } from './content-hash.ts'
import { placeParts } from './place-parts.ts'
import { placeWhole } from './place-whole.ts'
import type { ReadBacks } from './read-backs.ts'
import { receiveChunk } from './receive-chunk.ts'
import type { Standing, StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

export interface CompleteOptions {
  /** The last chunk, if there is one. */
  readonly chunk: Chunk | undefined
  readonly readBacks: ReadBacks
  readonly randomId: () => string
  readonly observer: UploadObserver | undefined
  readonly signal: AbortSignal | undefined
}

const noContent: Chunk = { content: { async *[Symbol.asyncIterator]() {} }, size: 0, isOneOfMany: false }

/**
 * Makes an upload's blob visible in its repository. The upload is still there afterwards, and all of this may be
 * repeated until it is not.
 *
 * @throws RegistryError DIGEST_INVALID: the upload has no more bytes than before
 * @throws RegistryError SIZE_INVALID, RANGE_INVALID, BLOB_UPLOAD_UNKNOWN, UNAVAILABLE; the content's error
 */
export async function placeBlob(
  upload: StoredUpload,
  standing: Standing,
  digest: Digest,
  options: CompleteOptions,
): Promise<CompletedUpload> {
  const { chunk, observer, signal } = options
  if (standing.checkpoint.size === 0) {
    const size = await placeWhole(upload, digest, chunk ?? noContent, signal)
    observer?.received(size)
    return { digest, size }
  }
  const verified =
    (chunk && (await receiveLastChunk(upload, standing, digest, { ...options, chunk }))) ??
    (await verify(upload, standing, digest, options))
  await placeParts(upload, verified, digest)
  return { digest, size: verified.size }
}

/**
 * Receives the last chunk, and publishes it if all bytes are those that `digest` names. Otherwise its bytes are removed:
 * the client may send it again, with another digest.
 *
 * @returns the published checkpoint; `undefined` if the chunk has no bytes
 */
async function receiveLastChunk(
  upload: StoredUpload,
  standing: Standing,
  digest: Digest,
  { chunk, readBacks, randomId, observer, signal }: CompleteOptions & { readonly chunk: Chunk },
): Promise<Checkpoint | undefined> {
  const algorithm = algorithmOf(digest)
  const { from, next, size, cut } = await receiveChunk(upload, standing, chunk, {
    continueHashes: () => readBacks.continue(upload, standing, algorithm, signal),
    checkpointId: randomId(),
    signal,
  })
  if (next !== undefined) {
    const actual = cut === undefined ? await recordedDigest(next.hashes, algorithm) : undefined
    if (actual !== undefined && actual !== digest) {
      await upload.giveUp(from, next)
      checkDigest(actual, digest)
    }
    await upload.publish(from, next)
    observer?.received(size)
  }
  if (cut !== undefined) throw cut.by
  return next
}

/** Checks the digest of an upload as it stands. @throws RegistryError DIGEST_INVALID */
async function verify(
  upload: StoredUpload,
  standing: Standing,
  digest: Digest,
  { readBacks, signal }: CompleteOptions,
): Promise<Checkpoint> {
  const found = await readBacks.digest(upload, standing, algorithmOf(digest), signal)
  checkDigest(found.digest, digest)
  return found.standing.checkpoint
}

/**
 * The result of an upload that is gone: it was completed if its blob is linked in its repository, and only there, or
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
