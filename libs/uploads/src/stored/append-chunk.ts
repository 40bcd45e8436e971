import type { Chunk } from '../blob-uploads.ts'
import type { ContentHash } from './content-hash.ts'
import { ReceivedContent } from './received-content.ts'
import type { Standing, StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

export interface AppendOptions {
  /** Makes a hash of the bytes before the chunk. Called once there are bytes to go on with. */
  readonly hash: () => Promise<ContentHash>
  /** Of the checkpoint to be published. */
  readonly checkpointId: string
  readonly observer: UploadObserver | undefined
  readonly signal: AbortSignal | undefined
}

/**
 * Receives a chunk into parts of its own, and publishes them after those of `standing`. What came of a chunk that was
 * cut off is published, too, before its error is thrown.
 *
 * @throws RegistryError RANGE_INVALID, SIZE_INVALID, BLOB_UPLOAD_UNKNOWN
 */
export async function appendChunk(
  upload: StoredUpload,
  standing: Standing,
  chunk: Chunk,
  options: AppendOptions,
): Promise<Standing> {
  const { checkpoint } = standing
  const received = new ReceivedContent(chunk, options.signal)
  let result = standing
  try {
    if (await received.begin()) {
      const hash = await options.hash()
      // The signal ends the content, not the write: what came is to be kept.
      const content = received.hashedInto(hash)
      const parts = await upload.storage.append(upload.area, checkpoint.parts, content, { size: chunk.size })
      const size = checkpoint.size + received.size
      result = await upload.publish(standing, { id: options.checkpointId, size, parts, hash: hash.record() })
      options.observer?.received(received.size)
    }
  } finally {
    await received.release()
  }
  received.throwIfCut()
  return result
}
