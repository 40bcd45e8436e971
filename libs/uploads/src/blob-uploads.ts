import type { ByteStream } from '@berth/bytes'
import type { Digest, DigestAlgorithm } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'

/**
 * Uploads of blobs that are in progress. The state of an upload is its last checkpoint: bytes after the last checkpoint
 * do not exist. Any node that has the key ring can continue any upload.
 *
 * Every method but `start` throws
 * - `BLOB_UPLOAD_INVALID`: the state token is missing or forged, or belongs to another repository or upload;
 * - `BLOB_UPLOAD_UNKNOWN`: the upload was never started, or is finished, cancelled or purged.
 */
export interface BlobUploads {
  /**
   * Starts an upload.
   *
   * @param algorithm the algorithm of the final digest, if the client names it. The blob is then hashed only once, while
   *   it is received
   */
  start(repository: RepositoryName, algorithm?: DigestAlgorithm): Promise<Upload>

  /** Reads the current state of an upload. A state token is required, but may be stale. */
  status(upload: UploadRef): Promise<Upload>

  /**
   * Appends one chunk, and reads its content to the end. If the content fails, the bytes received so far are kept, the
   * client can continue after them, and the content's error is rethrown.
   *
   * @returns the upload after the chunk, with a fresh state token
   * @throws RegistryError RANGE_INVALID: the chunk does not start at the upload's offset, or another request has changed
   *   the upload. The error's detail has the current offset, and `status` returns a fresh token
   * @throws RegistryError SIZE_INVALID: the length of the content differs from its range
   * @throws RegistryError UNAVAILABLE: too many uploads are being read again to compute their hashes. The client may retry
   * @see OCI distribution-spec, "Pushing a blob in chunks"
   */
  append(upload: UploadRef, chunk: Chunk, signal?: AbortSignal): Promise<Upload>

  /**
   * Appends the last chunk, if there is one. Then makes the blob visible under `digest` and links it in the repository,
   * after the whole content is verified and durable. Idempotent: if the upload no longer exists, the call succeeds when
   * the repository has a link to `digest`.
   *
   * @throws RegistryError DIGEST_INVALID: the content does not match `digest`. The upload stays as it was before the call,
   *   without the bytes of `chunk`, so that the client can repeat the call with the right digest
   * @throws RegistryError RANGE_INVALID, SIZE_INVALID, UNAVAILABLE: like `append`
   * @throws the content's error, if the content fails. The bytes received so far are kept, and the digest is not checked
   */
  complete(upload: UploadRef, digest: Digest, chunk?: Chunk, signal?: AbortSignal): Promise<CompletedUpload>

  /** Ends an upload and removes its bytes. The state token may be stale. */
  cancel(upload: UploadRef): Promise<void>
}

export interface UploadRef {
  readonly repository: RepositoryName
  /** The id from the URL. An id that is malformed is treated as unknown. */
  readonly id: string
  /** The state token. Its content is private to this room. */
  readonly state: string | undefined
}

export interface Upload {
  readonly id: string
  /** Number of bytes received and kept. */
  readonly offset: number
  /** The state token to continue the upload from this offset. */
  readonly state: string
}

export interface Chunk {
  readonly content: ByteStream
  /** The chunk's start in the blob, in bytes, if the client sent it (`Content-Range`). Default: the token's offset. */
  readonly start?: number
  /** The chunk's size in bytes, if the client sent it (`Content-Range` or `Content-Length`). */
  readonly size?: number
  /** Whether a chunk of `size - 1` bytes is also complete, because some clients send an exclusive range end. */
  readonly mayBeOneShorter?: boolean
  /** Whether the client sends `Content-Range`, so that more chunks are likely. The hash state is then kept resumable. */
  readonly isOneOfMany: boolean
  /** Key under which the memory for the content is counted, such as the client's network. */
  readonly share?: string
}

export interface CompletedUpload {
  /** The requested digest. */
  readonly digest: Digest
  /** Size of the blob in bytes. */
  readonly size: number
}

/** Removes stale uploads, including those that Distribution started. */
export interface UploadPurge {
  /**
   * Removes every upload that was started more than `ageMs` ago. The start time is the upload's `startedat`, or, if it
   * has none, its modification time in storage. A failure is counted and does not stop the purge.
   *
   * @param dryRun only counts the uploads, and removes none
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
