import type { StoragePath } from '../storage-path.ts'
import type { WriteOptions } from './content-store.ts'

/** Small versioned records, which several processes may change at once. See `StorageDriver` for what holds of every method. */
export interface RecordStore {
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
}

/** Identifies one state of a versioned record. Versions are random, so a version never occurs twice. */
export type Version = string

export interface Versioned {
  readonly version: Version
  readonly content: Uint8Array
}
