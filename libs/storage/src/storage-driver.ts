import type { Writable } from 'node:stream'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { StoragePath } from './storage-path.ts'

/**
 * Stores content by path. The contract fits object stores as well as file systems: a directory is only a common prefix
 * of paths, and exists while there is content below it. A driver runs in the process that uses it.
 *
 * "Durable" content survives a power failure of the machine that holds the store. Every method throws `StorageError`
 * INVALID_PATH for an invalid path, and STORAGE_FULL or STORAGE_UNAVAILABLE when the store fails. A write that throws
 * has left nothing visible. The driver never repeats a write after a failed flush.
 */
export interface StorageDriver {
  /** Distribution's name for the driver, used in metrics and messages: `filesystem`, `inmemory`, `s3aws`. */
  readonly name: string

  /**
   * Stores content and replaces existing content at the path. The content becomes visible only after all of it is
   * durable. If the stream throws, nothing is stored and the stream's error is rethrown.
   */
  put(path: StoragePath, content: Uint8Array | ByteStream, options?: WriteOptions): Promise<void>

  /**
   * Stores content durably if the path is free, and returns whether it did. Exactly one of several concurrent calls
   * returns `true`.
   */
  create(path: StoragePath, content: Uint8Array): Promise<boolean>

  /**
   * Compares and swaps a small versioned record, durably: stores `content` if the current version is `from`. `undefined`
   * means that the record must not exist. Exactly one of several concurrent swaps from the same version succeeds.
   *
   * A record must be the first entry of its directory. The caller ensures this with a directory name that is unique; in
   * a directory that has other entries, it depends on the store whether the record is created. Only `from: undefined`
   * creates the directory. A swap from a version never does, so every such swap fails after the directory is removed.
   * (A file system creates the directory, which must be empty; an object store uses `If-None-Match`.)
   *
   * Only `readVersioned` can read a versioned record. A directory holds at most one record.
   *
   * @throws StorageError VERSION_MISMATCH: another swap was first, or the record with version `from` no longer exists
   */
  swap(path: StoragePath, from: Version | undefined, content: Uint8Array, options?: WriteOptions): Promise<Version>

  /** Reads a versioned record. @throws StorageError PATH_NOT_FOUND */
  readVersioned(path: StoragePath): Promise<Versioned>

  /**
   * Reads content, or a range of it. The size is known before the first byte. The driver reads only as fast as the
   * consumer does, so a slow consumer delays no other call.
   *
   * @throws StorageError PATH_NOT_FOUND: the path does not exist, or is a directory
   * @throws StorageError INVALID_RANGE: the range ends after the end of the content, or before its own start
   */
  read(path: StoragePath, options?: ReadOptions): Promise<{ readonly size: number; readonly content: ByteStream }>

  /** @throws StorageError PATH_NOT_FOUND */
  stat(path: StoragePath): Promise<Stat>

  /**
   * Lists the direct children of a directory, in the store's order. A caller that needs another order must sort.
   *
   * @throws StorageError PATH_NOT_FOUND: the directory does not exist. Thrown at the first step of the iteration, and
   *   never for `/`
   */
  list(path: StoragePath, options?: ListOptions): AsyncIterable<Entry>

  /**
   * Removes content, or all content below a directory, durably. Single content disappears for all readers at once. The
   * content below a directory may disappear step by step.
   *
   * @throws StorageError PATH_NOT_FOUND
   */
  delete(path: StoragePath): Promise<void>

  /**
   * Writes a stream durably as a new part after the given parts of the directory `area`. The given parts do not change:
   * two calls never write to the same place. If the stream throws, the parts stay as they were and the stream's error is
   * rethrown.
   *
   * An area exists while its record exists. If the record is gone, no `swap` can publish the new part, and the caller
   * must discard it. (A file system then refuses the call and creates no area; an object store would need an extra
   * request to find out.)
   *
   * @returns the complete new list of parts. The caller must keep it, because the driver does not. A store with a
   *   minimum part size may join short parts with the new content into a part of another name
   * @throws StorageError PATH_NOT_FOUND: the area, or a part that has to be joined, does not exist
   */
  append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    options?: AppendOptions,
  ): Promise<readonly Part[]>

  /**
   * Stores the concatenation of `parts` at `path`, durably and atomically, and replaces existing content. The parts may
   * no longer exist afterwards. The call can be repeated: after a crash it either has succeeded or can still succeed.
   *
   * @throws StorageError PATH_NOT_FOUND: a part does not exist, as after a call that succeeded
   */
  complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void>

  /** Reads the concatenation of `parts`. @throws StorageError PATH_NOT_FOUND */
  readParts(area: StoragePath, parts: readonly Part[]): ByteStream

  /**
   * Removes parts that no record names, as after a `swap` that failed. It is no error if a part does not exist.
   */
  discard(area: StoragePath, parts: readonly Part[]): Promise<void>

  /**
   * Removes an area with its record and all its parts. The record disappears at once, even if the removal of the parts
   * takes long. It is no error if the area does not exist.
   *
   * @param contents all names in the area, if the caller knows them, so that the store does not have to list them
   * @returns when no `swap` in the area can succeed any more. `removed` settles when the bytes are removed
   */
  abort(area: StoragePath, contents?: readonly string[]): Promise<{ readonly removed: Promise<void> }>

  /** Stops the driver's background work and releases its resources. */
  close(): Promise<void>
}

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

/** Options of calls whose speed depends on a client. */
export interface TransferOptions {
  /**
   * Key under which the driver's memory and connections that the call holds are counted, such as the client's network.
   * The calls of one key cannot hold enough to make calls with another key, or without a key, wait for them. Calls
   * without a key are the process's own work and may use a reserve. A call that waits too long for resources that other
   * calls hold fails with RegistryError UNAVAILABLE.
   */
  readonly share?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WriteOptions extends TransferOptions {
  /**
   * `false`: the write is atomic, but need not survive a power failure. For records whose loss has the same effect as
   * their expiry. Default: `true`.
   */
  readonly durable?: boolean
  /** Size of the stream in bytes, if it is known. The driver chooses its buffers by it. */
  readonly size?: number
}

export interface AppendOptions extends TransferOptions {
  /**
   * Maximum size of the content in bytes, if it is known. The content may be shorter, for example if the client
   * disconnects.
   */
  readonly size?: number | undefined
}

export interface ListOptions {
  /** The caller does not need names up to and including this one. A store that cannot skip them lists them anyway. */
  readonly after?: string
}

export interface ReadOptions extends TransferOptions {
  /** The range to read. Default: the whole content. */
  readonly range?: ByteRange
}

export interface Stat {
  /** Size in bytes; 0 for a directory. */
  readonly size: number
  /** Time of the last modification, by the store's clock. */
  readonly modifiedAtMs: number
  readonly isDirectory: boolean
}

export interface Entry {
  /** The last component of the child's path. */
  readonly name: string
  readonly isDirectory: boolean
}

/** A part of an upload: a small plain value, which the upload's checkpoint stores. */
export interface Part {
  readonly name: string
  /** Size in bytes. */
  readonly size: number
}

/** Identifies one state of a versioned record. Versions are random, so a version never occurs twice. */
export type Version = string

export interface Versioned {
  readonly version: Version
  readonly content: Uint8Array
}
