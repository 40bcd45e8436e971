import type { Digest, DigestAlgorithm } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'
import type { BlobUploads, Chunk, CompletedUpload, Upload, UploadRef } from '@berth/uploads'
import { blobHappening } from './blob-happening.ts'
import type { Recorder } from '../recorder.ts'

/** Uploads whose completion is recorded before it is acknowledged. */
export class RecordedUploads implements BlobUploads {
  readonly #uploads: BlobUploads
  readonly #recorder: Recorder

  constructor(uploads: BlobUploads, recorder: Recorder) {
    this.#uploads = uploads
    this.#recorder = recorder
  }

  start(repository: RepositoryName, algorithm?: DigestAlgorithm): Promise<Upload> {
    return this.#uploads.start(repository, algorithm)
  }

  status(upload: UploadRef): Promise<Upload> {
    return this.#uploads.status(upload)
  }

  append(upload: UploadRef, chunk: Chunk, signal?: AbortSignal): Promise<Upload> {
    return this.#uploads.append(upload, chunk, signal)
  }

  async complete(upload: UploadRef, digest: Digest, chunk?: Chunk, signal?: AbortSignal): Promise<CompletedUpload> {
    const completed = await this.#uploads.complete(upload, digest, chunk, signal)
    await this.#recorder.record([blobHappening('push', upload.repository, completed)])
    return completed
  }

  cancel(upload: UploadRef): Promise<void> {
    return this.#uploads.cancel(upload)
  }
}
