/**
 * Where everything is kept: the contract of a storage driver, and every path in storage, built and parsed here alone.
 * Begin with `storage-driver.ts`; `layout.ts` is the tree that Distribution made and Berth keeps.
 */
export type {
  AppendOptions,
  CheapWritesDriver,
  DirectoryKeepingDriver,
  Entry,
  ListingComparingDriver,
  ListOptions,
  Part,
  ReadOptions,
  RedirectingDriver,
  SendingDriver,
  SendPiece,
  Stat,
  StorageDriver,
  TransferOptions,
  Version,
  Versioned,
  WriteOptions,
} from './storage-driver.ts'
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
