import { algorithmOf, checkDigest, type Digest } from '@berth/digest'
import { RegistryError } from '@berth/errors'
import { layout, settleAll, StorageError } from '@berth/storage'
import type { Checkpoint } from './checkpoint.ts'
import { NativeHash, recordedDigest } from './content-hash.ts'
import { readBack } from './read-back.ts'
import type { Standing, StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

/**
 * Checks a digest against a checkpoint; where the checkpoint cannot tell, the parts are read back, and what they are is
 * published: whoever repeats the completion after the parts are placed must find it.
 *
 * @returns the checkpoint, which has the digest
 * @throws RegistryError DIGEST_INVALID
 */
export async function verifyParts(
  upload: StoredUpload,
  standing: Standing,
  digest: Digest,
  { checkpointId, observer }: { checkpointId: string; observer: UploadObserver | undefined },
): Promise<Checkpoint> {
  const { checkpoint } = standing
  const algorithm = algorithmOf(digest)
  const recorded = checkpoint.hash.alg === algorithm ? await recordedDigest(checkpoint.hash) : undefined
  if (recorded !== undefined) {
    checkDigest(recorded, digest)
    return checkpoint
  }
  const hash = (await readBack(upload, checkpoint, new NativeHash(algorithm), observer)).record()
  checkDigest(hash.digest, digest)
  const verified = { ...checkpoint, id: checkpointId, hash }
  try {
    return (await upload.publish(standing, verified)).checkpoint
  } catch (error) {
    // Another completion of the same bytes was first: uploads only grow, so the same size is the same bytes.
    if (isRangeInvalid(error) && error.detail.offset === checkpoint.size) return verified
    throw error
  }
}

function isRangeInvalid(error: unknown): error is RegistryError<'RANGE_INVALID'> {
  return error instanceof RegistryError && error.code === 'RANGE_INVALID'
}

/**
 * Puts the parts of a verified checkpoint to their place, and links the blob. May be repeated, by another node too: a
 * part that is gone means that it was done, if the blob is there.
 *
 * @throws RegistryError BLOB_UPLOAD_UNKNOWN: the upload ended before it was done
 */
export async function placeParts(upload: StoredUpload, checkpoint: Checkpoint, digest: Digest): Promise<void> {
  const { storage, repository } = upload
  // The content is verified, so its link need not wait for it: a link to nothing is no blob.
  await settleAll([
    place(upload, checkpoint, digest),
    storage.put(layout.layerLinkPath(repository, digest), layout.formatLink(digest)),
  ])
}

async function place({ storage, area }: StoredUpload, { parts, size }: Checkpoint, digest: Digest): Promise<void> {
  const path = layout.blobDataPath(digest)
  try {
    await storage.complete(area, parts, path)
  } catch (error) {
    if (!StorageError.isNotFound(error)) throw error
    const placed = await storage.stat(path)
    if (placed.isDirectory || placed.size !== size) throw error
  }
}
