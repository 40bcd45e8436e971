import type { Writable } from 'node:stream'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'

/**
 * The blobs of all repositories. A repository can read a blob only if it has a link to it: stored content without a
 * link in the repository is unknown there. Returned descriptors have the media type `application/octet-stream` and the
 * requested digest.
 */
export interface Blobs {
  /** @throws RegistryError BLOB_UNKNOWN: the repository has no link to the blob, or its content no longer exists */
  stat(repository: RepositoryName, digest: Digest): Promise<Descriptor>

  /** Like `stat`, for many digests. The result has the order of `digests`, with `undefined` for each unknown blob. */
  statAll(
    repository: RepositoryName,
    digests: readonly Digest[],
    signal?: AbortSignal,
  ): Promise<readonly (Descriptor | undefined)[]>

  /**
   * Reads a blob, or a range of it. The range must lie within the blob's size.
   *
   * @throws RegistryError BLOB_UNKNOWN
   * @throws RegistryError RANGE_INVALID: the range ends after the end of the blob
   */
  read(repository: RepositoryName, digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ByteStream>

  /** Stores and links a small blob from memory. It is no error if the blob already exists. */
  put(repository: RepositoryName, content: Uint8Array): Promise<Descriptor>

  /**
   * Links a blob of the repository `from` in `repository`. No content is copied. As with `stat`, the blob may be found in
   * a cache. If its content was removed in the meantime, the new link leads to no content, and the blob is unknown to
   * readers. Without `from`, the blob may be of any repository; only for callers that know that reading is unrestricted.
   *
   * @returns whether the blob was found and linked
   * @see OCI distribution-spec, "Mounting a blob from another repository"
   */
  mount(repository: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean>

  /**
   * Removes this repository's link to the blob. The content stays until garbage collection removes it. The links of
   * other repositories stay.
   *
   * @throws RegistryError BLOB_UNKNOWN
   * @throws RegistryError UNAVAILABLE: the storage is unavailable, or the cache that replicas share could not be
   *   invalidated. The caller may retry.
   */
  unlink(repository: RepositoryName, digest: Digest): Promise<void>
}

/** Blobs in this process's own storage, which the storage can write directly to a client's socket. */
export interface SendableBlobs extends Blobs {
  /**
   * Writes a range of a blob to `target`, with backpressure. Does not end `target`.
   *
   * @param share key under which the memory of this call is counted, such as the client's network
   * @throws RegistryError BLOB_UNKNOWN: thrown before anything is written
   * @throws RegistryError UNAVAILABLE: the call waited too long for memory that other calls hold
   */
  sendTo(
    repository: RepositoryName,
    digest: Digest,
    range: ByteRange,
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void>

  /**
   * Like `sendTo`, for several ranges of one blob. The caller may add its own bytes before, between and after them.
   *
   * @param pieces bytes, and ranges of the blob. A range is not empty and lies within the blob's size
   */
  sendPieces(
    repository: RepositoryName,
    digest: Digest,
    pieces: readonly BlobPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void>

  /**
   * Like `stat`, with a signed URL that expires, from which any client can read the blob. Absent unless the store can
   * sign URLs and redirects to the store are configured.
   *
   * @throws RegistryError BLOB_UNKNOWN
   */
  locate?(repository: RepositoryName, digest: Digest): Promise<LocatedBlob>
}

/** Bytes that are sent unchanged, or a range of a blob. */
export type BlobPiece = Uint8Array | ByteRange

export interface LocatedBlob {
  readonly descriptor: Descriptor
  readonly url: string
}
