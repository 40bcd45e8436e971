import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import * as fs from 'node:fs/promises'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Logger } from '@berth/errors'
import { layout } from '@berth/storage'
import { describeHolder, formatHolder, holderOf, type HolderOptions } from './lock-holder.ts'
import { makeOwnDirectories, privateFile } from './private-files.ts'
import { TreeLease } from './tree-lease.ts'

/** SQLite's primary error codes, of which extended ones have the lowest byte. */
const busy = 5
const failedCalls = [3, 10, 22] as const
/** A database that nothing refers to is closed by the garbage collector, and with it the lock would end. */
const held = new Set<DatabaseSync>()

export interface TreeLockOptions extends HolderOptions {
  readonly log?: Logger | undefined
  /** Default: the operating system's locks. */
  readonly locks?: FileLocks
}

/**
 * Locks a file for this process.
 *
 * @throws Error with SQLite's `errcode`: another process has a lock, or the lock failed
 */
export type FileLocks = (path: string, mode: 'exclusive' | 'shared') => DatabaseSync

/**
 * Who works on a tree. The lock is a transaction on an SQLite file, since Node has no locks of files: SQLite's are the
 * operating system's, which ends them with the process, however that dies. Nothing else may open the file: to close it
 * anywhere in the process would end the lock. Where the file system has no locks, a lease takes their place.
 */
export class TreeLock {
  /** Whether nobody else can have the tree meanwhile. A lease, or a full disk, cannot promise that. */
  readonly isCertain: boolean
  readonly #release: () => void

  private constructor(isCertain: boolean, release: () => void) {
    this.isCertain = isCertain
    this.#release = release
  }

  /** @throws Error that says who holds it, or why there can be no lock in this tree */
  static async acquire(rootDirectory: string, options: TreeLockOptions): Promise<TreeLock> {
    const root = resolve(rootDirectory)
    const path = `${root}${layout.lockPath}`
    try {
      await makeOwnDirectories(root)
      await makePrivate(path)
    } catch (error) {
      if (!isOfFullDisk(error)) throw error
      return TreeLock.#none(path, options)
    }
    const { locks = lockFile } = options
    let database: DatabaseSync
    try {
      database = locks(path, options.mode)
    } catch (error) {
      if (await areMissing(locks, path, error)) return TreeLock.#lease(root, options)
      if (isBusy(error))
        throw new Error(`${root} is in use by ${await describeHolder(`${path}.owner`)}`, { cause: error })
      throw new Error(`cannot lock ${path}: ${(error as Error).message}`, { cause: error })
    }
    try {
      await writeOwner(`${path}.owner`, options)
    } catch (error) {
      database.close()
      throw error
    }
    held.add(database)
    return new TreeLock(true, () => {
      if (held.delete(database)) database.close()
    })
  }

  /** Gives the lock back. May be called twice. */
  close(): void {
    this.#release()
  }

  static async #lease(root: string, options: TreeLockOptions): Promise<TreeLock> {
    const path = `${root}${layout.lockPath}`
    options.log?.warn({ path }, 'the file system has no locks: using a lease file instead')
    try {
      const lease = await TreeLease.acquire(root, options)
      return new TreeLock(false, () => lease.close())
    } catch (error) {
      if (!isOfFullDisk(error)) throw error
      return TreeLock.#none(path, options)
    }
  }

  /** A disk that is full must not keep a registry from serving what is stored. */
  static #none(path: string, { log }: TreeLockOptions): TreeLock {
    log?.warn({ path }, 'the disk is full: cannot lock the tree against other processes')
    return new TreeLock(false, () => {})
  }
}

const lockFile: FileLocks = (path, mode) => {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    if (mode === 'exclusive') {
      // A journal in a file would be a write, for which a full disk has no room; nothing is ever committed.
      database.exec('PRAGMA journal_mode = MEMORY')
      database.exec('BEGIN EXCLUSIVE')
    } else {
      // The transaction takes its lock when it first reads.
      database.exec('BEGIN')
      database.prepare('SELECT count(*) FROM sqlite_schema').get()
    }
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Whether a lock failed because the file system has none: then a file that nobody else knows cannot be locked either.
 * SQLite says that a file is busy for ENOLCK, too.
 */
async function areMissing(locks: FileLocks, path: string, failure: unknown): Promise<boolean> {
  if (!isBusy(failure) && !isFailedCall(failure)) return false
  const probe = `${path}.probe.${randomUUID()}`
  try {
    await makePrivate(probe)
    locks(probe, 'exclusive').close()
    return false
  } catch (error) {
    return isBusy(error) || isFailedCall(error)
  } finally {
    await fs.rm(probe, { force: true })
  }
}

function isBusy(error: unknown): boolean {
  return primaryCodeOf(error) === busy
}

/** SQLITE_PERM, SQLITE_IOERR and SQLITE_NOLFS are what SQLite makes of other errors of `fcntl`. */
function isFailedCall(error: unknown): boolean {
  const code = primaryCodeOf(error)
  return code !== undefined && failedCalls.some((each) => each === code)
}

function primaryCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}

/** Makes a file that is its owner's alone. One that is there is not opened: to close it would end a lock. */
async function makePrivate(path: string): Promise<void> {
  try {
    const file = await fs.open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, privateFile)
    await file.close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Earlier versions left it to the umask; where it is another user's, or there are no permissions, it stays as it is.
    await fs.chmod(path, privateFile).catch(() => {})
  }
}

/** Beside the lock, which nobody else can read while it is held. What a killed holder leaves is replaced by the next. */
async function writeOwner(path: string, options: HolderOptions): Promise<void> {
  // Every container has a process of the same number.
  const beside = `${path}.${randomUUID()}`
  try {
    await fs.writeFile(beside, formatHolder(await holderOf(options)), { flag: 'wx', mode: privateFile })
    await fs.rename(beside, path)
  } catch (error) {
    await fs.rm(beside, { force: true })
    if (!isOfFullDisk(error)) throw error
    // It would name another process.
    await fs.rm(path, { force: true })
  }
}

function isOfFullDisk(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
