import type { ContentStore } from './content-store.ts'
import type { PartStore } from './part-store.ts'
import type { RecordStore } from './record-store.ts'

/**
 * Stores content by path. The contract fits object stores as well as file systems: a directory is only a common prefix
 * of paths, and exists while there is content below it. A driver runs in the process that uses it.
 *
 * "Durable" content survives a power failure of the machine that holds the store. Every method throws `StorageError`
 * INVALID_PATH for an invalid path, and STORAGE_FULL or STORAGE_UNAVAILABLE when the store fails. A write that throws
 * has left nothing visible. The driver never repeats a write after a failed flush.
 */
export interface StorageDriver extends ContentStore, RecordStore, PartStore {
  /** Stops the driver's background work and releases its resources. */
  close(): Promise<void>
}
