import type { Writable } from 'node:stream'
import type { ByteRange, ByteStream } from '@berth/bytes'
import type { StoragePath } from './storage-path.ts'

/**
 * A store of content by path, made for object stores as much as for file systems: directories are only what paths have
 * in common, and come and go with what is below them. A driver lives in the process that uses it.
 *
 * "Durable" is what survives a power failure of the machine that holds the store. Every method throws
 * `StorageError` INVALID_PATH for what is not a path, STORAGE_FULL and STORAGE_UNAVAILABLE where the store fails; a
 * write that throws has left nothing visible, and is never repeated by the driver after a failed flush.
 */
export interface StorageDriver {
  /** Distribution's name of it, for metrics and messages: `filesystem`, `inmemory`, `s3aws`. */
  readonly name: string

  /**
   * Stores content, whole, replacing what is there. Nothing of it is visible until all of it is durable; a stream that
   * throws leaves nothing, and its error is thrown on.
   */
  put(path: StoragePath, content: Uint8Array | ByteStream, options?: WriteOptions): Promise<void>

  /** Stores content durably if nothing is there. Of several at once, exactly one is told `true`. */
  create(path: StoragePath, content: Uint8Array): Promise<boolean>

  /**
   * Stores a small versioned record durably, if what is there is of version `from`; `undefined` means that nothing is.
   * A record is the first thing in its directory, which the caller sees to by a name of its own: whether one is made
   * beside what is there already is the store's affair. Of several swaps from one version exactly one succeeds. Only
   * `from: undefined` makes the directory; a swap over a version never does, so below a directory that was removed all
   * fail. (A file system makes the directory, in which nothing may be yet; an object store has `If-None-Match`.)
   *
   * A versioned record is read by `readVersioned` alone, and a directory holds at most one.
   *
   * @throws StorageError VERSION_MISMATCH: somebody else was first, or (over a version) the record is gone
   */
  swap(path: StoragePath, from: Version | undefined, content: Uint8Array, options?: WriteOptions): Promise<Version>

  /** @throws StorageError PATH_NOT_FOUND */
  readVersioned(path: StoragePath): Promise<Versioned>

  /**
   * Reads content, or a range of it. Its size is known before the first byte. Bytes are read as the stream is, so a
   * consumer that waits holds up nothing but itself.
   *
   * @throws StorageError PATH_NOT_FOUND, also for a directory
   * @throws StorageError INVALID_RANGE: the range ends behind the content's end, or before it starts
   */
  read(path: StoragePath, options?: ReadOptions): Promise<{ readonly size: number; readonly content: ByteStream }>

  /** @throws StorageError PATH_NOT_FOUND */
  stat(path: StoragePath): Promise<Stat>

  /**
   * The direct children of a directory, in the store's order, as they are read: callers that promise an order sort.
   *
   * @throws StorageError PATH_NOT_FOUND, at the first step, where the store knows no such directory; never for `/`
   */
  list(path: StoragePath, options?: ListOptions): AsyncIterable<Entry>

  /**
   * Removes content, or all that is below a directory, durably. Content that is removed is gone for every reader at
   * once; what is below a directory may go one after the other.
   *
   * @throws StorageError PATH_NOT_FOUND
   */
  delete(path: StoragePath): Promise<void>

  /**
   * Writes a stream durably after the given parts of `area`, a directory, touching none of them: no two calls ever
   * write to the same place. A stream that throws leaves the parts as they were, and its error is thrown on.
   *
   * An area is there while its record is. Below one that is not, what is appended is nothing that a `swap` could
   * publish, and it is the caller's to discard. (A file system refuses it, and makes no area; an object store would
   * have to ask first.)
   *
   * @returns all the parts after this one, to be kept by the caller: nothing else knows them. A store with a least size
   *   for parts may join short ones with what comes, in a part of another name.
   * @throws StorageError PATH_NOT_FOUND: the area, or a part that is to be joined, is not there
   */
  append(
    area: StoragePath,
    parts: readonly Part[],
    content: ByteStream,
    options?: AppendOptions,
  ): Promise<readonly Part[]>

  /**
   * Puts the concatenation of `parts` at `path`, durably and all at once, replacing what is there. The parts may be
   * gone afterwards. Safe to repeat: after a crash it either has happened or can happen.
   *
   * @throws StorageError PATH_NOT_FOUND: a part is not there, as after a call that succeeded
   */
  complete(area: StoragePath, parts: readonly Part[], path: StoragePath): Promise<void>

  /** Reads a range of the concatenation of `parts`. @throws StorageError PATH_NOT_FOUND */
  readParts(area: StoragePath, parts: readonly Part[]): ByteStream

  /**
   * Removes parts that no record names, as after a lost `swap`. What is not there is no error.
   */
  discard(area: StoragePath, parts: readonly Part[]): Promise<void>

  /**
   * Removes an area with all its parts and its record; visible at once, whatever the time it takes. What is not there
   * is no error.
   *
   * @param contents the names in the area, where the caller knows all: a store that would have to list them need not
   * @returns once no `swap` can succeed there any more; `removed` settles when the bytes are gone, too
   */
  abort(area: StoragePath, contents?: readonly string[]): Promise<{ readonly removed: Promise<void> }>

  /** Ends what the driver does in the background, and gives back what it holds. */
  close(): Promise<void>
}

/** A driver that can move bytes to a socket without handing them out, with buffers that it uses again. */
export interface SendingDriver {
  /**
   * Writes bytes of the content to `target`, at its pace, and does not end it. The target has done with a chunk when it
   * calls back for it, as a socket or a response has; one that passes chunks on, as a transform does, has not.
   *
   * @returns when all has been handed to the target and no buffer of the driver's is in use any more
   * @throws StorageError PATH_NOT_FOUND, INVALID_RANGE: before anything was written
   * @param share see `TransferOptions`
   * @throws Error when the target fails or closes, or the content is cut short under the reader
   */
  sendTo(path: StoragePath, range: ByteRange, target: Writable, signal?: AbortSignal, share?: string): Promise<void>

  /**
   * As `sendTo`, for several ranges of one content, with bytes of the caller's before, between and after them. The
   * content is opened once, or, where a store is asked for each range, once for ranges that are close to each other.
   */
  sendPieces(
    path: StoragePath,
    pieces: readonly SendPiece[],
    target: Writable,
    signal?: AbortSignal,
    share?: string,
  ): Promise<void>
}

/** Bytes to be sent as they are, or a range of the content that is not empty. */
export type SendPiece = Uint8Array | ByteRange

/** A store that clients may read from by themselves. */
export interface RedirectingDriver {
  /**
   * A URL by which whoever has it reads the content at `path`, with ranges, for `lifetimeMs`. Nothing is asked of the
   * store: whether content is there shows when the URL is used.
   */
  redirectUrl(path: StoragePath, lifetimeMs: number): Promise<string>
}

/** A store that knows directories without anything in them, as file systems do and object stores do not. */
export interface DirectoryKeepingDriver {
  /** Makes a directory, durably, with those above it. One that is there is no error. */
  makeDirectory(path: StoragePath): Promise<void>
}

/** A store that can tell whether a directory has the same names as before, without listing it. */
export interface ListingComparingDriver {
  /**
   * Names the set of names in a directory: as long as it is the same text, no name has come or gone.
   *
   * @returns `undefined` where that cannot be told, as on a network file system, or just after a change
   * @throws StorageError PATH_NOT_FOUND
   */
  listingVersion(path: StoragePath): Promise<string | undefined>
}

/**
 * A store in which a small write costs no more than a read, as in object stores. On a file system it waits for a disk, so
 * there it is worth looking first whether it is needed.
 */
export interface CheapWritesDriver {
  readonly writesAreCheap: true
}

/** Options of calls whose pace a client sets. */
export interface TransferOptions {
  /**
   * Key under which what the call holds of the driver's memory and connections is counted, such as the network of the
   * client that it is for. No key can hold so much that calls with another key, or without one, have to wait for it.
   * Calls without a key are the process's own work, and may use a reserve. A call that waits too long for what others
   * hold fails with RegistryError UNAVAILABLE.
   */
  readonly share?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WriteOptions extends TransferOptions {
  /**
   * `false`: the write need not survive a power failure, only be whole or not there while the power stays. For records
   * whose loss is as good as their expiry. Default: `true`.
   */
  readonly durable?: boolean
  /** Bytes that a stream has, where that is known: what it needs of buffers follows from it. */
  readonly size?: number
}

export interface AppendOptions extends TransferOptions {
  /** Bytes that are to come, where that is known. There may be fewer, as where a client is cut off, and never more. */
  readonly size?: number | undefined
}

export interface ListOptions {
  /** Names up to this one are not needed: a store that can begin after it does, another lists them all the same. */
  readonly after?: string
}

export interface ReadOptions extends TransferOptions {
  /** The whole where absent. */
  readonly range?: ByteRange
}

export interface Stat {
  /** Bytes; 0 for a directory. */
  readonly size: number
  /** By the store's clock. */
  readonly modifiedAtMs: number
  readonly isDirectory: boolean
}

export interface Entry {
  /** The last component of the child's path. */
  readonly name: string
  readonly isDirectory: boolean
}

/** A piece of an upload: a small plain value, for its checkpoint. */
export interface Part {
  readonly name: string
  /** Bytes. */
  readonly size: number
}

/** Names one state of a versioned record. Random, so no state comes back. */
export type Version = string

export interface Versioned {
  readonly version: Version
  readonly content: Uint8Array
}
