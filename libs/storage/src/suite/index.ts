/**
 * What any storage driver must do, a file system's or an object store's. Nothing here needs directories to exist on
 * their own, or writes to be visible before they are finished.
 * Begin with `describe-storage-driver.ts`.
 */
export {
  describeDirectoryKeepingDriver,
  describeSendingDriver,
  describeStorageDriver,
} from './describe-storage-driver.ts'
export type { OpenDriver } from './subject.ts'
