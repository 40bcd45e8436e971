import type { Digest } from '@berth/digest'
import { layout, settleAll, StorageError } from '@berth/storage'
import type { Checkpoint } from './checkpoint.ts'
import type { StoredUpload } from './stored-upload.ts'

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
