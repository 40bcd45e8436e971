import type { Writable } from 'node:stream'
import type { ByteRange } from '@berth/bytes'
import type { StoragePath } from '../storage-path.ts'

/** A driver that can write content directly to a socket, with buffers that it reuses. */
export interface SendingDriver {
  /**
   * Writes a range of the content to `target`, with backpressure. Does not end `target`. The driver reuses a chunk's
   * buffer after the target's write callback for it, so the target must not keep the chunk longer. Sockets and responses
   * comply; a transform, which passes chunks on, does not.
   *
   * @param share see `TransferOptions`
   * @returns when all bytes are written to the target and no buffer of the driver is in use any more
   * @throws StorageError PATH_NOT_FOUND, INVALID_RANGE: thrown before anything is written
   * @throws Error when the target fails or closes, or when the content is truncated while it is read
   */
  sendTo(path: StoragePath, range: ByteRange, target: Writable, signal?: AbortSignal, share?: string): Promise<void>

  /**
   * Like `sendTo`, for several ranges of one content. The caller may add its own bytes before, between and after them.
   * The content is opened once. A store that needs a request per range sends one request for ranges that are close to
   * each other.
   */
  sendPieces(
    path: StoragePath,
    pieces: readonly SendPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void>
}

/** Bytes that are sent unchanged, or a non-empty range of the content. */
export type SendPiece = Uint8Array | ByteRange

/** A driver whose store clients can read from directly. */
export interface RedirectingDriver {
  /**
   * Signs a URL from which any client can read the content at `path`, or ranges of it, for `lifetimeMs`. No request is
   * sent to the store. If the content does not exist, the client finds out when it uses the URL.
   */
  redirectUrl(path: StoragePath, lifetimeMs: number): Promise<string>
}

/** A driver whose store can hold empty directories. File systems can; object stores cannot. */
export interface DirectoryKeepingDriver {
  /** Creates a directory and its parents durably. It is no error if the directory exists. */
  makeDirectory(path: StoragePath): Promise<void>
}

/** A driver that can detect changes to the names in a directory without listing it. */
export interface ListingComparingDriver {
  /**
   * Returns a version of the set of names in a directory. While the version is the same, no name was added or removed.
   *
   * @returns `undefined` if there is no reliable version, as on a network file system or just after a change
   * @throws StorageError PATH_NOT_FOUND
   */
  listingVersion(path: StoragePath): Promise<string | undefined>
}

/**
 * A driver whose store handles a small write at the cost of a read, as object stores do. On a file system a write waits
 * for the disk, so callers read first to find out whether the write is needed.
 */
export interface CheapWritesDriver {
  readonly writesAreCheap: true
}
