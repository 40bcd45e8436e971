import type { ByteRange, ByteStream } from '@berth/bytes'
import type { StoragePath } from '../storage-path.ts'
import type { TransferOptions } from './transfer-options.ts'

/** Whole contents by path. See `StorageDriver` for what holds of every method. */
export interface ContentStore {
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
