import type { DigestAlgorithm } from '@berth/digest'
import { type ContentHash, NativeHash, ResumableHash } from './content-hash.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

/** A hash of an upload's bytes so far, to go on with: it goes on where the last request ended, if that can be. */
export async function hashForAppend(
  upload: StoredUpload,
  checkpoint: Checkpoint,
  isOneOfMany: boolean,
  observer: UploadObserver | undefined,
): Promise<ContentHash> {
  const { alg } = checkpoint.hash
  if (checkpoint.size === 0) return isOneOfMany ? ResumableHash.start(alg) : new NativeHash(alg)
  const resumed = await ResumableHash.resume(checkpoint.hash)
  return resumed ?? readBack(upload, checkpoint, await ResumableHash.start(alg), observer)
}

/** As `hashForAppend`, for the last chunk of a blob that is to have a digest of `algorithm`: it need not go on. */
export async function hashForLastChunk(
  upload: StoredUpload,
  checkpoint: Checkpoint,
  algorithm: DigestAlgorithm,
  observer: UploadObserver | undefined,
): Promise<ContentHash> {
  const resumed = checkpoint.hash.alg === algorithm ? await ResumableHash.resume(checkpoint.hash) : undefined
  return resumed ?? readBack(upload, checkpoint, new NativeHash(algorithm), observer)
}

/** @throws StorageError PATH_NOT_FOUND: a part is gone */
export async function readBack<H extends ContentHash>(
  upload: StoredUpload,
  checkpoint: Checkpoint,
  hash: H,
  observer: UploadObserver | undefined,
): Promise<H> {
  for await (const bytes of upload.storage.readParts(upload.area, checkpoint.parts)) hash.update(bytes)
  observer?.rehashed(checkpoint.size)
  return hash
}
