/**
 * Where everything is kept: the contract of a storage driver, and every path in storage, built and parsed here alone.
 * Begin with `contract/storage-driver.ts`; `layout.ts` is the tree that Distribution made and Berth keeps.
 */
export type {
  CheapWritesDriver,
  DirectoryKeepingDriver,
  ListingComparingDriver,
  RedirectingDriver,
  SendingDriver,
  SendPiece,
} from './contract/abilities.ts'
export type { ContentStore, Entry, ListOptions, ReadOptions, Stat, WriteOptions } from './contract/content-store.ts'
export type { PartStore, AppendOptions, Part } from './contract/part-store.ts'
export type { Version, Versioned } from './contract/record-store.ts'
export type { StorageDriver } from './contract/storage-driver.ts'
export type { TransferOptions } from './contract/transfer-options.ts'
export { forEachLimited, mapLimited, settleAll } from './concurrently.ts'
export { findStat } from './find-stat.ts'
export { InFlight } from './in-flight.ts'
export { DamagedLink, findLink, findWholeLink, putLink } from './links.ts'
export { StorageError, type StorageErrorCode } from './storage-error.ts'
export { parseContentPath, parseStoragePath, type StoragePath } from './storage-path.ts'
export { translateStorageError } from './translate-storage-error.ts'
export * as layout from './layout.ts'
export { pathKind, type PathKind } from './path-kind.ts'
export { Turns } from './turns.ts'
export { untilAborted } from './until-aborted.ts'
export { ObservedDriver, type StorageAction, type StorageObserver, type StorageOutcome } from './observed-driver.ts'
export { SendTarget } from './send-target.ts'
