import type { Writable } from 'node:stream'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { Descriptor } from '@berth/descriptor'
import type { Digest } from '@berth/digest'
import type { RepositoryName } from '@berth/reference'

/**
 * The blobs of all repositories. A repository's link is the permission to read: content that is stored, but not linked
 * in the repository that is asked, is unknown there. Descriptors returned have the media type
 * `application/octet-stream` and the digest that was asked for.
 */
export interface Blobs {
  /** @throws RegistryError BLOB_UNKNOWN: not linked in this repository, or its content is gone */
  stat(repository: RepositoryName, digest: Digest): Promise<Descriptor>

  /** As `stat`, for many at once: in the order asked, `undefined` for each that is unknown. */
  statAll(
    repository: RepositoryName,
    digests: readonly Digest[],
    signal?: AbortSignal,
  ): Promise<readonly (Descriptor | undefined)[]>

  /**
   * Reads a blob, or a range of it that lies within its size.
   *
   * @throws RegistryError BLOB_UNKNOWN
   * @throws RegistryError RANGE_INVALID: the range ends behind the blob's end
   */
  read(repository: RepositoryName, digest: Digest, range?: ByteRange, signal?: AbortSignal): Promise<ByteStream>

  /** Stores and links a small blob that is at hand. Storing the same again is no error. */
  put(repository: RepositoryName, content: Uint8Array): Promise<Descriptor>

  /**
   * Links a blob of `from` in `repository`, copying nothing. What is remembered of `from` counts as it does for `stat`, so
   * that content that is gone by now makes a link that leads nowhere, and is unknown to whoever asks for it. Without `from`, of any repository: only for callers that
   * know that nothing restricts reading.
   *
   * @returns whether it was there to link
   * @see OCI distribution-spec, "Mounting a blob from another repository"
   */
  mount(repository: RepositoryName, digest: Digest, from?: RepositoryName): Promise<boolean>

  /**
   * Removes this repository's link. The content stays until a collection; other repositories keep theirs.
   *
   * @throws RegistryError BLOB_UNKNOWN
   * @throws RegistryError UNAVAILABLE: also where a cache that replicas share cannot be told. Then it is right to try again.
   */
  unlink(repository: RepositoryName, digest: Digest): Promise<void>
}

/** Blobs of this process's own storage, which can go to a client's socket without being handed through. */
export interface SendableBlobs extends Blobs {
  /**
   * Writes a range of a blob to `target`, at its pace, and does not end it.
   *
   * @param share key under which the memory for it is counted, such as the client's network
   * @throws RegistryError BLOB_UNKNOWN, before anything was written
   * @throws RegistryError UNAVAILABLE: it waited too long for memory that others hold
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
   * As `sendTo`, for several ranges of one blob, with bytes of the caller's before, between and after them.
   *
   * @param pieces ranges that are not empty and lie within the blob's size, and bytes
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
   * As `stat`, with a URL by which whoever has it reads the blob from where it is stored, for a while. Only where the
   * store has such URLs, and clients are to be sent there.
   *
   * @throws RegistryError BLOB_UNKNOWN
   */
  locate?(repository: RepositoryName, digest: Digest): Promise<LocatedBlob>
}

/** Bytes to be sent as they are, or a range of a blob. */
export type BlobPiece = Uint8Array | ByteRange

export interface LocatedBlob {
  readonly descriptor: Descriptor
  readonly url: string
}
