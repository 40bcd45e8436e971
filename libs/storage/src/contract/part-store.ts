import type { ByteStream } from '@berth/bytes'
import type { StoragePath } from '../storage-path.ts'
import type { TransferOptions } from './transfer-options.ts'

/** The parts of uploads, which become whole contents. See `StorageDriver` for what holds of every method. */
export interface PartStore {
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
}

export interface AppendOptions extends TransferOptions {
  /**
   * Maximum size of the content in bytes, if it is known. The content may be shorter, for example if the client
   * disconnects.
   */
  readonly size?: number | undefined
}

/** A part of an upload: a small plain value, which the upload's checkpoint stores. */
export interface Part {
  readonly name: string
  /** Size in bytes. */
  readonly size: number
}
