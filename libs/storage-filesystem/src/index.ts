/**
 * The storage driver that keeps everything in files.
 * Begin with `filesystem-driver.ts`; `versioned-records.ts` says how records change without locks, and `abilities.ts`
 * what a file system may lack.
 */
export { FilesystemDriver, type FilesystemDriverOptions } from './filesystem-driver.ts'
export { openTree, type OpenTree, type OpenTreeOptions } from './open-tree.ts'
export { readOrMakeSecret } from './tree-secret.ts'
export { TreeLock, type TreeLockOptions } from './tree-lock.ts'
