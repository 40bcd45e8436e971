import type { Chunk } from '../blob-uploads.ts'
import { receiveChunk, type ReceiveOptions } from './receive-chunk.ts'
import type { Standing, StoredUpload } from './stored-upload.ts'
import type { UploadObserver } from './upload-observer.ts'

export interface AppendOptions extends ReceiveOptions {
  readonly observer: UploadObserver | undefined
}

/**
 * Receives a chunk and publishes it. If the client was cut off, the bytes that came are published before the content's
 * error is thrown.
 *
 * @throws RegistryError RANGE_INVALID, SIZE_INVALID, BLOB_UPLOAD_UNKNOWN
 */
export async function appendChunk(
  upload: StoredUpload,
  standing: Standing,
  chunk: Chunk,
  options: AppendOptions,
): Promise<Standing> {
  const { from, next, size, cut } = await receiveChunk(upload, standing, chunk, options)
  let result = from
  if (next !== undefined) {
    result = await upload.publish(from, next)
    options.observer?.received(size)
  }
  if (cut !== undefined) throw cut.by
  return result
}
