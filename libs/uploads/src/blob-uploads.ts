import type { ByteStream } from '@berth/bytes'
import type { Digest, DigestAlgorithm } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'

/**
 * Blobs being received. An upload is at its last checkpoint: bytes that no checkpoint counts do not exist. Any node
 * with the key ring continues any upload.
 *
 * Every method but `start` throws
 * - `BLOB_UPLOAD_INVALID`: the state token is missing, forged, or of another repository or upload;
 * - `BLOB_UPLOAD_UNKNOWN`: never started, finished, cancelled or purged.
 */
export interface BlobUploads {
  /**
   * @param algorithm of the digest that the blob will be completed with, where the client says so: it is then hashed
   *   once, while it arrives
   */
  start(repository: RepositoryName, algorithm?: DigestAlgorithm): Promise<Upload>

  /** Where an upload stands. A token is needed, but may be stale. */
  status(upload: UploadRef): Promise<Upload>

  /**
   * Appends one chunk. Reads its content to the end; when that fails, what came is kept, to be continued from there,
   * and the content's error is thrown on.
   *
   * @returns the upload after the chunk, with a fresh state token
   * @throws RegistryError RANGE_INVALID: the chunk does not start where the upload stands, or another request was
   *   first; its detail has the offset, and `status` a fresh token
   * @throws RegistryError SIZE_INVALID: the content is not as long as its range
   * @throws RegistryError UNAVAILABLE: too many uploads are being read back for their hashes; the client may try again
   * @see OCI distribution-spec, "Pushing a blob in chunks"
   */
  append(upload: UploadRef, chunk: Chunk, signal?: AbortSignal): Promise<Upload>

  /**
   * Appends the last chunk, if there is one, and makes the blob visible under `digest`, linked in the repository,
   * when all of it is verified and durable. Idempotent: an upload that is gone is complete if that digest is linked.
   *
   * @throws RegistryError DIGEST_INVALID: the content is not what `digest` names. The upload stays as it was before the
   *   call, without the bytes of `chunk`, so that the call may be repeated with the right digest
   * @throws RegistryError RANGE_INVALID, SIZE_INVALID, UNAVAILABLE: as `append`
   * @throws the content's error where it was cut off; what came is kept then, and no digest is judged
   */
  complete(upload: UploadRef, digest: Digest, chunk?: Chunk, signal?: AbortSignal): Promise<CompletedUpload>

  /** Ends an upload and removes what was received. A stale token will do. */
  cancel(upload: UploadRef): Promise<void>
}

export interface UploadRef {
  readonly repository: RepositoryName
  /** As it stands in the URL; anything that is no upload's id is unknown. */
  readonly id: string
  /** The state token, opaque to all but this room. */
  readonly state: string | undefined
}

export interface Upload {
  readonly id: string
  /** Bytes received and kept. */
  readonly offset: number
  /** The state token that continues it from here. */
  readonly state: string
}

export interface Chunk {
  readonly content: ByteStream
  /** Where it starts, in bytes, if the client said so (`Content-Range`); otherwise the token's offset counts. */
  readonly start?: number
  /** How many bytes it has, if the client said so (`Content-Range` or `Content-Length`). */
  readonly size?: number
  /** Whether one byte less than `size` is a complete chunk, too: the client may have counted its range's end exclusively. */
  readonly mayBeOneShorter?: boolean
  /** Whether the client sends in chunks (`Content-Range`), and so will likely continue: the hash is kept resumable. */
  readonly isOneOfMany: boolean
  /** Key under which the memory for the content is counted, such as the client's network. */
  readonly share?: string
}

export interface CompletedUpload {
  /** As asked for. */
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
}

/** Removal of uploads that nobody will continue, Distribution's too. */
export interface UploadPurge {
  /**
   * Removes every upload that was started more than `ageMs` ago, by its `startedat`, or without one by its age in
   * storage. Failures are counted, and do not stop the rest.
   *
   * @param dryRun counts, and removes nothing
   */
  purge(
    ageMs: number,
    options?: { readonly dryRun?: boolean; readonly signal?: AbortSignal },
  ): Promise<UploadPurgeResult>
}

export interface UploadPurgeResult {
  readonly removed: number
  readonly failed: number
}
